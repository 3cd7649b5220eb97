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
    """What it was made for: `text-classification`, `text-generation` and so on."""

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

    input_shape: list[int]
    """Shape of the numbers that it takes, -1 for any size; empty if it takes texts."""

    facts: dict[str, str | int]
    """More that is good to know, such as the languages of a translator."""

    canary_weight: float | None
    """Its share of the requests that name no version, if it is the canary."""

    is_shadow: bool
    """Whether it answers nobody, and only gets copies of requests to be compared."""

    metrics: dict[str, float]
    """Figures measured when it was trained."""


class LimitsBody(Answer):
    """Bounds of a request that the operator sets; docs/limits.md has all."""

    max_texts: int
    """Texts in a request."""

    max_text_chars: int
    """Characters of a text or prompt."""

    max_explain_texts: int
    """Texts in a request with `explain`."""

    max_occlusion_words: int
    """Words of a text explained by occlusion."""

    max_tokens: int
    """Tokens to write at most; a model may have a lower bound."""

    max_n: int
    """Answers to a prompt."""


class ModelListBody(Answer):
    """All versions that are loaded or were refused."""

    object: Literal["list"]
    """What this is."""

    data: list[ModelBody]
    """One item a version."""

    models: list[str]
    """Names of the models that answer, as KServe's protocol v1 has them."""

    limits: LimitsBody
    """What requests may hold, so that a program need not find out by being refused."""


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
