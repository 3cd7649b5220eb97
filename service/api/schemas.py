"""Wire models of the service's own routes: what they take and what they answer.

Requests are checked strictly: no unknown fields, no "5" for 5, no NaN. Limits that an operator may
set are not here but checked in the endpoints. Answers are written by hand on the busy routes; a
test holds them against the models below.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_STOP = 16
MAX_STOP_CHARS = 256
MAX_LOGPROBS = 20
MAX_SEED = 2**63 - 1

ModelName = Annotated[str, Field(min_length=1, max_length=160)]
StopText = Annotated[str, Field(min_length=1, max_length=MAX_STOP_CHARS)]
StopTexts = Annotated[list[StopText], Field(max_length=MAX_STOP, fail_fast=True)]


class Ask(BaseModel):
    """Base of all requests to the service's own routes."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(
        strict=True, extra="forbid", use_attribute_docstrings=True, protected_namespaces=()
    )


class ClassifyAsk(Ask):
    """Texts to classify."""

    model: ModelName | None = None
    """Classifier, as `name`, `name:version` or `name:label`; the default classifier if left out."""

    input: str | Annotated[list[str], Field(fail_fast=True)]
    """A text, or a list of texts."""

    explain: bool | Literal["trajectory", "occlusion"] = False
    """`trajectory` (or true) adds the probabilities after each token, `occlusion` the change that
    each word makes."""

    truncate_prompt_tokens: Literal[-1] | None = None
    """As vLLM's clients send it: -1 is what always happens, a cut where the model has its limit."""


class GenerateAsk(Ask):
    """A prompt to continue; what is left out takes the model's own default."""

    model: ModelName | None = None
    """Generator, as `name`, `name:version` or `name:label`; the default generator if left out."""

    prompt: str
    """Text to continue; may be empty."""

    max_tokens: int | None = Field(default=None, ge=0)
    """Tokens to generate at most."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    """How freely to draw: 0 takes the most probable token each time."""

    top_k: int | None = Field(default=None, ge=0, le=2**31 - 1)
    """Draw from the k most probable tokens; 0 for all."""

    top_p: float | None = Field(default=None, gt=0, le=1)
    """Draw from the fewest most probable tokens that have this probability together."""

    min_p: float | None = Field(default=None, ge=0, le=1)
    """Leave out tokens below this share of the most probable one's probability."""

    repetition_penalty: float | None = Field(default=None, gt=0, le=10)
    """Over 1 makes tokens less likely that were seen before."""

    stop: StopText | StopTexts | None = None
    """Text or texts that end the answer; they are not part of it."""

    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    """The same seed, request and model version give the same text; drawn if left out."""

    n: int = Field(default=1, ge=1)
    """Independent answers; answer i uses seed + i."""

    logprobs: int | None = Field(default=None, ge=0, le=MAX_LOGPROBS)
    """Adds each token's log probability, and those of this many most probable ones."""

    stream: bool = False
    """Send the text as server-sent events while it is written."""


class Usage(Answer):
    """Tokens counted."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: None = None


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
    object: Literal["list"]
    created: int
    """Unix seconds."""

    model: str
    version: int
    data: list[Classified]
    usage: Usage


class TopLogprob(Answer):
    """One candidate for a place in the text."""

    text: str
    logprob: float


class LogprobBody(Answer):
    """A token of an answer and its natural-log probability."""

    token_id: int
    text: str
    logprob: float | None
    top: list[TopLogprob]


class Choice(Answer):
    """One answer to the prompt, or a new piece of it in a stream."""

    index: int
    text: str
    finish_reason: Literal["stop", "length"] | None
    """`stop`: a stop text or the model's own end; `length`: `max_tokens`; null in a stream until
    the last piece."""

    seed: int
    """Send it with the same request to get the same text."""

    logprobs: list[LogprobBody] | None = None


class GenerateAnswerBody(Answer):
    """Generated texts; in a stream each event is one of these, `usage` only in the last."""

    id: str
    object: Literal["generation", "generation.chunk"]
    created: int
    """Unix seconds."""

    model: str
    version: int
    choices: list[Choice]
    usage: Usage | None = None


class SamplingBody(Answer):
    """What a generator does where a request leaves these fields out."""

    max_tokens: int
    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repetition_penalty: float
    stop: list[str]


class ModelBody(Answer):
    """A version of a model."""

    id: str
    """What to send as `model`: the name for its default version, else `name:version`."""

    object: Literal["model"]
    created: int
    """Unix seconds of its publication."""

    owned_by: str
    name: str
    version: int
    task: str
    """`text-classification` or `text-generation`."""

    state: Literal["ready", "refused"]
    reason: str | None
    """Why it was refused."""

    is_default: bool
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
    data: list[ModelBody]


class ErrorDetail(Answer):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    """The field at fault, such as `input[3]`."""

    code: str | None


class ErrorBody(Answer):
    """Every error looks like this."""

    error: ErrorDetail
