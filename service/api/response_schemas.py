"""Wire models of what the service's own routes answer.

The busy routes write their answers by hand; tests hold them against these models, and `/docs` shows
them.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(
        strict=True, extra="forbid", use_attribute_docstrings=True, protected_namespaces=()
    )


class Usage(Answer):
    """Tokens counted."""

    prompt_tokens: int
    """Tokens read."""

    completion_tokens: int
    """Tokens written."""

    total_tokens: int
    """Both together."""

    prompt_tokens_details: None = None
    """Always null; clients of OpenAI's expect it."""


class Piece(Answer):
    """A token or word of the caller's text, and what it does to the answer."""

    start: int
    """Offset of its first character in the text, counted in code points."""

    end: int
    """Offset after its last character."""

    text: str
    """The characters between."""

    probs: list[float]
    """Trajectory: probabilities after this token. Occlusion: those of the whole text, minus those
    of the text without this word."""

    score: float
    """The same for the answer's own label."""


class Classified(Answer):
    """The answer for one text."""

    index: int
    """Place of the text in the request."""

    label: str
    """The most probable label."""

    score: float
    """Its probability."""

    probs: list[float]
    """Probability of each label, in the model's order."""

    num_classes: int
    """Number of labels."""

    num_tokens: int
    """Tokens of the text."""

    truncated: bool
    """Whether the text was longer than the model reads."""

    trajectory: list[Piece] | None = None
    """After each token, if asked for."""

    occlusion: list[Piece] | None = None
    """Without each word, if asked for."""


class ClassifyAnswerBody(Answer):
    """Answers in the order of the texts."""

    id: str
    """Made of the request's id."""

    object: Literal["list"]
    """What this is."""

    created: int
    """Unix seconds."""

    model: str
    """Name of the model that answered."""

    version: int
    """Its version."""

    data: list[Classified]
    """One answer a text."""

    usage: Usage
    """Tokens counted."""


class TopLogprob(Answer):
    """One candidate for a place in the text."""

    text: str
    """Its text."""

    logprob: float
    """Its natural-log probability."""


class LogprobBody(Answer):
    """A token of an answer and its natural-log probability."""

    token_id: int
    """Its number in the model's vocabulary."""

    text: str
    """What it adds to the text."""

    logprob: float | None
    """How probable it was."""

    top: list[TopLogprob]
    """The most probable tokens at its place, best first."""


class Choice(Answer):
    """One answer to the prompt, or a new piece of it in a stream."""

    index: int
    """Which of the `n` answers."""

    text: str
    """Its text, without the prompt; in a stream the next piece of it."""

    finish_reason: Literal["stop", "length"] | None
    """`stop`: a stop text or the model's own end; `length`: `max_tokens`; null in a stream until
    the last piece."""

    seed: int
    """Send it with the same request to get the same text."""

    logprobs: list[LogprobBody] | None = None
    """Its tokens, if asked for."""


class GenerateAnswerBody(Answer):
    """Generated texts; in a stream each event is one of these, `usage` only in the last."""

    id: str
    """Made of the request's id."""

    object: Literal["generation", "generation.chunk"]
    """What this is: the whole, or an event of a stream."""

    created: int
    """Unix seconds."""

    model: str
    """Name of the model that writes."""

    version: int
    """Its version."""

    choices: list[Choice]
    """The answers; in an event, one piece of one of them."""

    usage: Usage | None = None
    """Tokens counted; in a stream only in the last event."""


class SamplingBody(Answer):
    """What a generator does where a request leaves these fields out."""

    max_tokens: int
    """Tokens at most."""

    temperature: float
    """0 takes the most probable token each time."""

    top_k: int
    """Draw from so many; 0 for all."""

    top_p: float
    """Draw from so much probability."""

    min_p: float
    """Leave out below this share of the best."""

    repetition_penalty: float
    """1 for none."""

    stop: list[str]
    """Texts that end an answer."""


class ModelBody(Answer):
    """A version of a model."""

    id: str
    """What to send as `model`: the name for its default version, else `name:version`."""

    object: Literal["model"]
    """What this is."""

    created: int
    """Unix seconds of its publication."""

    owned_by: str
    """Always `local`."""

    name: str
    """The model's name."""

    version: int
    """Its version."""

    task: str
    """`text-classification` or `text-generation`."""

    state: Literal["ready", "refused"]
    """Whether it answers."""

    reason: str | None
    """Why it was refused; at the default version, why `serving.json` cannot be read, while what was
    served before goes on."""

    is_default: bool
    """Whether the name alone means this version."""

    labels: list[str]
    """Names such as `stable` that point at it, for `name:label`."""

    classes: list[str]
    """Labels of a classifier, in the order of `probs`."""

    prompts: list[str]
    """The only prompts that a generator takes; empty if it takes any."""

    sampling: SamplingBody | None
    """A generator's own defaults."""

    canary_weight: float | None
    """Its share of the requests that name no version, if it is the canary."""

    is_shadow: bool
    """Whether it answers nobody, and only gets copies of requests to be compared."""

    metrics: dict[str, float]
    """Figures measured when it was trained."""


class ModelListBody(Answer):
    """All versions that are loaded or were refused."""

    object: Literal["list"]
    """What this is."""

    data: list[ModelBody]
    """One item a version."""


class ErrorDetail(Answer):
    """What went wrong."""

    message: str
    """What was wrong, what is allowed, and the next step."""

    type: str
    """`invalid_request_error`, `rate_limit_error` or `server_error`."""

    param: str | None
    """The field at fault, such as `input[3]`."""

    code: str | None
    """What went wrong, in a word that does not change."""


class ErrorBody(Answer):
    """Every error looks like this."""

    error: ErrorDetail
    """What went wrong."""
