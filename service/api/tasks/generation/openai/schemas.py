"""Wire models of the OpenAI completions API, as its Python client sends and reads them.

Spec: openai/openai-openapi, `openapi.yaml`. Fields that it does not have are ignored, since clients
send new ones all the time; the answer says so in a header. Numbers are checked strictly.
"""

from typing import Annotated, Literal, TypeVar

from pydantic import Field

from service.api.protocol_requests import ProtocolRequest
from service.api.request_schemas import (
    MAX_SEED,
    MaxTokens,
    MinTokens,
    ModelName,
    Prompt,
    StopText,
    StopTexts,
    TokenIds,
    documented,
)
from service.api.response_schemas import Answer
from service.api.tasks.generation.openai.other_fields import OtherFields
from service.api.whole_numbers import Whole

Item = TypeVar("Item")
Prompts = Annotated[
    list[Item], Field(fail_fast=True), documented(minItems=1, limits={"maxItems": "max_texts"})
]
Bias = Annotated[float, Field(ge=-100, le=100)]
TokenIdText = Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]


class StreamOptions(ProtocolRequest):
    """What a stream tells besides text."""

    include_usage: bool | None = None
    """Send the tokens counted in one more event before the last."""

    continuous_usage_stats: bool | None = None
    """With `include_usage`, tell in every event what was counted so far, as vLLM does."""

    include_obfuscation: bool | None = None
    """Accepted; no event is padded here, with or without it."""


class CompletionAsk(OtherFields):
    """A prompt to continue, or several."""

    model: ModelName | None = None
    """Generator, as `name`, `name:version` or `name:label`; the default generator if left out."""

    prompt: (
        Prompt | Prompts[Prompt] | Annotated[TokenIds, documented(minItems=1)] | Prompts[TokenIds]
    )
    """Text to continue, a list of texts, the token ids of a text, or a list of those."""

    max_tokens: MaxTokens | None = 16
    """Tokens to generate at most, for each answer."""

    min_tokens: MinTokens | None = 0
    """Tokens before which neither the model's own end nor a stop text ends an answer;
    `max_tokens` does."""

    ignore_eos: bool | None = False
    """Never draw the model's own end: an answer goes on to `max_tokens` or a stop text."""

    temperature: float | None = Field(default=1, ge=0, le=2)
    """How freely to draw: 0 takes the most probable token each time."""

    top_p: float | None = Field(default=1, ge=0, le=1)
    """Draw from the fewest most probable tokens that have this probability together."""

    n: Annotated[int, Whole(1, 128)] | None = 1
    """Answers to each prompt; choice `i * n + j` is answer j to prompt i."""

    best_of: Annotated[int, Whole(1, 20)] | None = None
    """Write this many answers and give the `n` of the highest mean log probability a token; at
    least `n`, and no more than that in a stream."""

    logprobs: Annotated[int, Whole(0, 5)] | None = None
    """Adds each token's log probability, and those of this many most probable ones."""

    echo: bool | None = False
    """Begin each answer with its prompt."""

    stop: StopText | StopTexts | None = None
    """Text or texts that end an answer; they are not part of it. The model's own if left out."""

    seed: Annotated[int, Whole(-MAX_SEED, MAX_SEED)] | None = None
    """The same seed, request and model version give the same texts; drawn if left out."""

    presence_penalty: float | None = Field(default=0, ge=-2, le=2)
    """Over 0 makes every token less likely that the answer has already."""

    frequency_penalty: float | None = Field(default=0, ge=-2, le=2)
    """The same, growing with each time that it has it."""

    logit_bias: Annotated[dict[TokenIdText, Bias], Field(max_length=300)] | None = None
    """Added to the logits of the tokens with these ids."""

    stream: bool | None = False
    """Send the text as server-sent events while it is written, those of a second prompt after
    those of the first."""

    stream_options: StreamOptions | None = None
    """Only with `stream`."""

    top_k: Annotated[int, Whole(-1, 2**31 - 1)] | None = 0
    """Draw from the k most probable tokens; 0 or -1 for all."""

    min_p: float | None = Field(default=0, ge=0, le=1)
    """Leave out tokens below this share of the most probable one's probability."""

    repetition_penalty: float | None = Field(default=1, ge=0.001, le=10)
    """Over 1 makes tokens less likely that prompt or answer have already."""


class Logprobs(Answer):
    """The tokens of an answer, one place in each list for each of them; as many as are counted."""

    tokens: list[str]
    """Their texts; `<eos>` is the model's own end, and a stop text's tokens come last."""

    token_logprobs: list[float | None]
    """Natural-log probabilities; null for the first token of an echoed prompt."""

    top_logprobs: list[dict[str, float] | None]
    """The most probable tokens at each place, and the one that was drawn."""

    text_offset: list[int]
    """Where in the text each token begins, counted in code points; what is no part of it has its
    length."""


class CompletionChoice(Answer):
    """One answer, or a new piece of it in a stream."""

    text: str
    """Its text; in a stream the next piece of it."""

    index: int
    """Prompt i, answer j: `i * n + j`."""

    logprobs: Logprobs | None
    """Its tokens, if asked for."""

    finish_reason: Literal["stop", "length"] | None
    """`stop`: a stop text or the model's own end; `length`: `max_tokens`; null in a stream until
    the last piece."""


class CompletionUsage(Answer):
    """Tokens counted, over all prompts and answers (those of `best_of` that are not shown too)."""

    prompt_tokens: int
    """Tokens read."""

    completion_tokens: int
    """Tokens written."""

    total_tokens: int
    """Both together."""

    prompt_tokens_details: None = None
    """Always null."""


class Completion(Answer):
    """All answers; in a stream each event is one of these."""

    id: str
    """Made of the request's id."""

    object: Literal["text_completion"]
    """What this is."""

    created: int
    """Unix seconds."""

    model: str
    """Name of the model that writes."""

    system_fingerprint: str
    """Model and version that wrote: with the same one, a seed gives the same text again."""

    choices: list[CompletionChoice]
    """The answers; in an event, one piece of one of them, or none beside the usage."""

    usage: CompletionUsage | None = None
    """Tokens counted; in a stream only if asked for."""
