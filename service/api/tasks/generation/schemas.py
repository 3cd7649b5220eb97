"""Wire models of `/v1/generate`: what it takes."""

from typing import Annotated, Literal

from pydantic import Field

from service.api.gates_schemas import EncodingAsk, LayerNumbers, UnitsAsk
from service.api.request_schemas import (
    MAX_SEED,
    Ask,
    MaxTokens,
    MinTokens,
    ModelName,
    Prompt,
    Rows,
    SealedState,
    StopText,
    StopTexts,
    Vector,
    documented,
)
from service.api.whole_numbers import Whole

MAX_LOGPROBS = 20


class GenerateAsk(Ask):
    """A prompt to continue; what is left out takes the model's own default."""

    model: ModelName | None = None
    """Generator, as `name`, `name:version` or `name:label`; the default generator if left out."""

    prompt: Prompt | None = None
    """Text to continue; may be empty. Needed, but with a `state` and for models that write about
    numbers."""

    input: Vector | Rows | None = None
    """Numbers to write about, such as an image's, for models whose `input_shape` says so."""

    max_tokens: MaxTokens | None = None
    """Tokens to generate at most."""

    min_tokens: MinTokens = 0
    """Tokens before which neither the model's own end nor a stop text ends the answer;
    `max_tokens` does."""

    ignore_eos: bool = False
    """Never draw the model's own end: the answer goes on to `max_tokens` or a stop text."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    """How freely to draw: 0 takes the most probable token each time."""

    top_k: Annotated[int, Whole(0, 2**31 - 1)] | None = None
    """Draw from the k most probable tokens; 0 for all."""

    top_p: float | None = Field(default=None, gt=0, le=1)
    """Draw from the fewest most probable tokens that have this probability together."""

    min_p: float | None = Field(default=None, ge=0, le=1)
    """Leave out tokens below this share of the most probable one's probability."""

    repetition_penalty: float | None = Field(default=None, ge=0.001, le=10)
    """Over 1 makes tokens less likely that were seen before."""

    stop: StopText | StopTexts | None = None
    """Text or texts that end the answer; they are not part of it."""

    seed: Annotated[int, Whole(0, MAX_SEED)] | None = None
    """The same seed, request and model version give the same text; drawn if left out."""

    n: Annotated[int, Whole(1), documented(limits={"maximum": "max_n"})] = 1
    """Independent answers; answer i uses seed + i."""

    logprobs: Annotated[int, Whole(0, MAX_LOGPROBS)] | None = None
    """Adds each token's log probability, and those of this many most probable ones."""

    stream: bool = False
    """Send the text as server-sent events while it is written."""

    explain: Literal[False, "gates"] = False
    """`gates` adds to each answer what went on inside the network at each token that it read and
    wrote, and what it expected next; in a stream with the last piece."""

    units: UnitsAsk | None = None
    """With `gates`: units to tell whole, by their numbers; `top` for the eight of each layer that
    the answer owes most to, `all` for all. Left out, each layer is summed up alone."""

    layers: LayerNumbers | None = None
    """With `gates`: the layers to tell, from 0; all if left out."""

    encoding_format: EncodingAsk | None = None
    """With `gates`: `base64` writes each list of units as little-endian 32-bit floats in base64,
    and allows eight times as many; `float` and nothing write numbers."""

    return_state: bool = False
    """Adds to each answer the state of the network at its end, as `state`."""

    state: SealedState | None = None
    """The `state` of an earlier answer, to go on from there; `prompt` is then what follows, and may
    be left out."""
