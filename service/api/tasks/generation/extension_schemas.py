"""Wire models of the Open Inference Protocol's `generate`: what it takes and answers.

Spec: kserve/open-inference-protocol, `generate_rest.yaml`; triton-inference-server/server,
`docs/protocol/extension_generate.md`. What Triton's own back ends for language models take beside
that (triton-inference-server/vllm_backend and tensorrtllm_backend) and nobody here does is refused.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from service.api.protocol_requests import Only, ProtocolRequest
from service.api.request_schemas import MAX_SEED, MinTokens, Prompt, StopText, StopTexts, documented
from service.api.response_schemas import Answer
from service.api.whole_numbers import Whole


class GenerateParameters(ProtocolRequest):
    """How text is drawn; what is left out takes the model's own default."""

    max_tokens: Annotated[int, Whole(1), documented(limits={"maximum": "max_tokens"})] | None = None
    """Tokens to generate at most; 20 if left out."""

    min_tokens: MinTokens | None = None
    """Tokens before which neither the model's own end nor a stop text ends the text;
    `max_tokens` does."""

    ignore_eos: bool | None = None
    """Never draw the model's own end: the text goes on to `max_tokens` or a stop text."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    """How freely to draw: 0 takes the most probable token each time."""

    top_k: Annotated[int, Whole(0, 2**31 - 1)] | None = None
    """Draw from the k most probable tokens; 0 for all."""

    top_p: float | None = Field(default=None, ge=0, le=1)
    """Draw from the fewest most probable tokens that have this probability together."""

    min_p: float | None = Field(default=None, ge=0, le=1)
    """Leave out tokens below this share of the most probable one's probability."""

    repetition_penalty: float | None = Field(default=None, ge=0.001, le=10)
    """Over 1 makes tokens less likely that were seen before."""

    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    """Over 0 makes every token less likely that the answer has already."""

    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    """The same, growing with each time that it has it."""

    seed: Annotated[int, Whole(0, MAX_SEED)] | None = None
    """The same seed, request and model version give the same text; drawn if left out."""

    stop: StopText | StopTexts | None = None
    """Text or texts that end the answer; they are not part of it."""

    details: bool | None = None
    """Also tell why the text ended, and each token's log probability."""


class TextParameters(GenerateParameters):
    """How text is drawn, and what Triton's back ends take beside that."""

    stream: Annotated[Any, Only((False,))] = None
    """Not supported; ask `generate_stream`, which takes it and always sends a stream."""

    exclude_input_in_output: Annotated[Any, Only((True,))] = None
    """Not supported: a prompt is never part of the answer."""

    n: Annotated[Any, Only((1,))] = None
    """Not supported; `/v1/generate` writes several answers."""

    best_of: Annotated[Any, Only((1,))] = None
    """Not supported; `/v1/completions` has it."""

    logprobs: Annotated[Any, Only()] = None
    """Not supported; use `details`."""

    return_log_probs: Annotated[Any, Only((False,))] = None
    """Not supported; use `details`."""

    beam_width: Annotated[Any, Only((1,))] = None
    """Not supported: there is no beam search."""

    length_penalty: Annotated[Any, Only((1,))] = None
    """Not supported: it belongs to beam search."""

    typical_p: Annotated[Any, Only((1,))] = None
    """Not supported; use `top_p` or `min_p`."""

    logit_bias: Annotated[Any, Only(({},))] = None
    """Not supported; `/v1/completions` has it."""

    stop_token_ids: Annotated[Any, Only(([],))] = None
    """Not supported; use `stop`."""

    stop_words: Annotated[Any, Only(([], ""))] = None
    """Not supported; use `stop`."""

    bad_words: Annotated[Any, Only(([], ""))] = None
    """Not supported; `/v1/completions` has `logit_bias`."""

    random_seed: Annotated[Any, Only()] = None
    """Not supported; use `seed`."""

    sampling_parameters: Annotated[Any, Only()] = None
    """Not supported; send each as a field of its own."""

    end_id: Annotated[Any, Only()] = None
    """Not supported: the end is the model's own."""

    pad_id: Annotated[Any, Only()] = None
    """Not supported: nothing is padded."""


class TextAsk(TextParameters):
    """A text to continue; as Triton does, the parameters may also stand at the top."""

    text_input: Prompt
    """Text to continue; may be empty."""

    id: Annotated[str, Field(max_length=256)] | None = None
    """Given back in the answer."""

    parameters: TextParameters | None = None
    """How text is drawn."""


class StreamParameters(TextParameters):
    """The same where a stream is sent."""

    stream: bool | None = None
    """Accepted: a stream is sent whatever it is."""


class StreamAsk(TextAsk):
    """A text to continue, piece by piece."""

    stream: bool | None = None
    """Accepted: a stream is sent whatever it is."""

    parameters: StreamParameters | None = None
    """How text is drawn."""


class TokenBody(Answer):
    """A token of the text and its natural-log probability."""

    id: int
    """Its number in the model's vocabulary."""

    text: str
    """Its own text; `<eos>` is the model's own end, and a stop text's tokens come last."""

    logprob: float | None
    """How probable it was."""

    special: bool
    """Whether `text` is its name, as it has none."""


class DetailsBody(Answer):
    """Why the text ended, and its tokens (in a stream the newest one)."""

    finish_reason: Literal["length", "eos_token", "stop_sequence"] | None
    """Null in a stream until the last piece."""

    logprobs: list[TokenBody] | None = None
    """All tokens, of a whole answer."""

    token: TokenBody | None = None
    """The newest token, of a stream."""


class TextBody(Answer):
    """Generated text; in a stream each event is one of these, with the next piece."""

    id: str | None = None
    """The request's own `id`."""

    text_output: str
    """The text, or its next piece."""

    model_name: str
    """Name of the model that answered."""

    model_version: str
    """Its version."""

    details: DetailsBody | None = None
    """If asked for."""
