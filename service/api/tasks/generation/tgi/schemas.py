"""Wire models of Hugging Face's text-generation-inference (TGI): what it takes and answers.

Spec: huggingface/text-generation-inference, `docs/openapi.json`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from service.api.protocol_requests import Only, ProtocolRequest
from service.api.request_schemas import (
    MAX_SEED,
    MaxTokens,
    ModelName,
    Prompt,
    StopTexts,
    documented,
)
from service.api.response_schemas import Answer
from service.api.whole_numbers import Whole

FinishReason = Literal["length", "eos_token", "stop_sequence"]


class TgiParameters(ProtocolRequest):
    """How text is drawn; without `do_sample` or a limit of the draw, the likeliest is taken."""

    max_new_tokens: MaxTokens | None = None
    """Tokens to generate at most; 100 if left out, or as many as the model may."""

    do_sample: bool | None = None
    """Draw tokens by their probabilities; so does any of the next three fields."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    """How freely to draw; 1 if left out."""

    top_k: Annotated[int, Whole(0, 2**31 - 1)] | None = None
    """Draw from the k most probable tokens; 0 for all."""

    top_p: float | None = Field(default=None, gt=0, le=1)
    """Draw from the fewest most probable tokens that have this probability together."""

    repetition_penalty: float | None = Field(default=None, ge=0.001, le=10)
    """Over 1 makes tokens less likely that were seen before."""

    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    """Over 0 makes tokens less likely, growing with each time that the answer has them."""

    seed: Annotated[int, Whole(0, MAX_SEED)] | None = None
    """The same seed, request and model version give the same text; drawn if left out."""

    stop: StopTexts | None = None
    """Texts that end the answer; they are not part of it. The model's own if left out."""

    best_of: Annotated[int, Whole(1), documented(limits={"maximum": "max_n"})] | None = None
    """Write so many answers and give the one of the highest mean log probability a token; not in
    a stream."""

    return_full_text: bool | None = None
    """Begin the text with the prompt."""

    details: bool | None = None
    """Also tell why the text ended, and its tokens."""

    decoder_input_details: bool | None = None
    """With `details`, also tell the prompt's tokens; not in a stream."""

    adapter_id: Annotated[Any, Only()] = None
    """Not supported: models have no adapters."""

    grammar: Annotated[Any, Only()] = None
    """Not supported: what is written follows no grammar; use `stop`."""

    top_n_tokens: Annotated[Any, Only((0,))] = None
    """Not supported; `/v1/generate` has `logprobs`."""

    truncate: Annotated[Any, Only()] = None
    """Not supported: shorten the text."""

    typical_p: Annotated[Any, Only((1,))] = None
    """Not supported; use `top_p`."""

    watermark: Annotated[Any, Only((False,))] = None
    """Not supported."""


class TgiAsk(ProtocolRequest):
    """A text to continue."""

    inputs: Annotated[Prompt, Field(min_length=1)]
    """The text."""

    parameters: TgiParameters | None = None
    """How to continue it."""

    model: ModelName | None = None
    """Generator, as `name`, `name:version` or `name:label`; the default generator if left out. An
    address, as Hugging Face's JavaScript client sends it, names none."""


class TgiStreamableAsk(TgiAsk):
    """A text to continue, whole or as a stream."""

    stream: bool | None = None
    """Send the text as server-sent events while it is written."""


class TgiTokenBody(Answer):
    """A token of the text and its natural-log probability."""

    id: int
    """Its number in the model's vocabulary."""

    text: str
    """What it adds to the text: nothing if it is the model's own end, or of a stop text."""

    logprob: float
    """How probable it was."""

    special: bool
    """Whether it is no text, such as the model's own end."""


class TgiPrefillBody(Answer):
    """A token of the prompt."""

    id: int
    """Its number in the model's vocabulary."""

    text: str
    """What it adds to the text."""

    logprob: float | None
    """How probable it was; null for the first."""


class TgiSequenceBody(Answer):
    """One of several answers that were written."""

    generated_text: str
    """Its text."""

    finish_reason: FinishReason
    """Why it ended."""

    generated_tokens: int
    """How many tokens it has."""

    seed: int
    """What draws it again."""

    prefill: list[TgiPrefillBody]
    """The prompt's tokens, if asked for."""

    tokens: list[TgiTokenBody]
    """Its tokens."""


class TgiDetailsBody(Answer):
    """Why the text ended, and its tokens."""

    finish_reason: FinishReason
    """Why it ended."""

    generated_tokens: int
    """How many tokens it has."""

    seed: int
    """What draws it again."""

    prefill: list[TgiPrefillBody]
    """The prompt's tokens, if asked for."""

    tokens: list[TgiTokenBody]
    """Its tokens."""

    best_of_sequences: list[TgiSequenceBody] | None = None
    """The other answers, with `best_of`."""


class TgiBody(Answer):
    """Generated text."""

    generated_text: str
    """The text."""

    details: TgiDetailsBody | None = None
    """If asked for."""


class TgiStreamDetailsBody(Answer):
    """Why the text ended."""

    finish_reason: FinishReason
    """Why it ended."""

    generated_tokens: int
    """How many tokens it has."""

    input_length: int
    """How many the prompt has."""

    seed: int
    """What draws it again."""


class TgiEventBody(Answer):
    """An event of a stream: the next token, and with the last one the whole text."""

    index: int
    """The token's place, from 1."""

    token: TgiTokenBody
    """The token."""

    generated_text: str | None
    """The whole text, with the last token."""

    details: TgiStreamDetailsBody | None
    """With the last token, if asked for."""


class TgiErrorBody(Answer):
    """Every error of these routes looks like this."""

    error: str
    """What went wrong, and the next step."""

    error_type: Literal["validation", "overloaded", "generation", "incomplete_generation"]
    """Whose fault it was."""


class TgiInfoBody(Answer):
    """What is served, and its limits."""

    model_id: str
    """The default generator's name."""

    model_sha: str | None
    """Its version."""

    model_pipeline_tag: str
    """Its task."""

    model_dtype: str
    """Numbers that it computes with."""

    model_device_type: str
    """Always `cpu`."""

    max_concurrent_requests: int
    """Answers that may wait."""

    max_best_of: int
    """The greatest `best_of`."""

    max_stop_sequences: int
    """The most texts of `stop`."""

    max_input_tokens: int
    """Tokens of a prompt at most."""

    max_total_tokens: int
    """Tokens of a prompt and its answer at most."""

    validation_workers: int
    """Always 1."""

    max_client_batch_size: int
    """Always 1: a request has one text."""

    router: str
    """This service's name."""

    version: str
    """Its version."""
