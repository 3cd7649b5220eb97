"""Wire models of what the service's own routes take; `answers` has what they answer.

Requests are checked strictly: no unknown fields, no "5" for 5, no NaN. Limits that an operator may
set are checked in the endpoints; here they are only named, for the documentation.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_STOP = 16
MAX_STOP_CHARS = 256
MAX_LOGPROBS = 20
MAX_SEED = 2**63 - 1

NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"

ModelName = Annotated[str, Field(min_length=1, max_length=160)]
StopText = Annotated[str, Field(min_length=1, max_length=MAX_STOP_CHARS)]
StopTexts = Annotated[list[StopText], Field(max_length=MAX_STOP, fail_fast=True)]


def documented(**keywords: Any) -> Any:
    """Name JSON schema keywords of a field that an endpoint checks, not the model.

    They are put in place where the schema is shown; those in `limits` map a keyword to the
    setting that has its value.
    """
    return Field(json_schema_extra={"documented": keywords})


Text = Annotated[str, documented(pattern=NOT_BLANK, limits={"maxLength": "max_text_chars"})]
Texts = Annotated[
    list[Text], Field(fail_fast=True), documented(minItems=1, limits={"maxItems": "max_texts"})
]
Prompt = Annotated[str, documented(pattern=NO_NUL, limits={"maxLength": "max_text_chars"})]
MaxTokens = Annotated[int, Field(ge=0), documented(limits={"maximum": "max_tokens"})]


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


class ClassifyAsk(Ask):
    """Texts to classify."""

    model: ModelName | None = None
    """Classifier, as `name`, `name:version` or `name:label`; the default classifier if left out."""

    input: Text | Texts
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

    prompt: Prompt
    """Text to continue; may be empty."""

    max_tokens: MaxTokens | None = None
    """Tokens to generate at most."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    """How freely to draw: 0 takes the most probable token each time."""

    top_k: int | None = Field(default=None, ge=0, le=2**31 - 1)
    """Draw from the k most probable tokens; 0 for all."""

    top_p: float | None = Field(default=None, gt=0, le=1)
    """Draw from the fewest most probable tokens that have this probability together."""

    min_p: float | None = Field(default=None, ge=0, le=1)
    """Leave out tokens below this share of the most probable one's probability."""

    repetition_penalty: float | None = Field(default=None, ge=0.001, le=10)
    """Over 1 makes tokens less likely that were seen before."""

    stop: StopText | StopTexts | None = None
    """Text or texts that end the answer; they are not part of it."""

    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    """The same seed, request and model version give the same text; drawn if left out."""

    n: Annotated[int, Field(ge=1), documented(limits={"maximum": "max_n"})] = 1
    """Independent answers; answer i uses seed + i."""

    logprobs: int | None = Field(default=None, ge=0, le=MAX_LOGPROBS)
    """Adds each token's log probability, and those of this many most probable ones."""

    stream: bool = False
    """Send the text as server-sent events while it is written."""
