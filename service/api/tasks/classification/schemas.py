"""Wire models of `/v1/classify`: what it takes."""

from typing import Annotated, Literal

from service.api.gates_schemas import EncodingAsk, LayerNumbers, UnitsAsk
from service.api.request_schemas import (
    Ask,
    ModelName,
    Numbers,
    SealedState,
    SealedStates,
    Text,
    Texts,
)
from service.api.whole_numbers import Whole

TextTokens = Annotated[int, Whole(-1, 2**31 - 1)]


class ClassifyAsk(Ask):
    """Texts or numbers to classify."""

    model: ModelName | None = None
    """Classifier, as `name`, `name:version` or `name:label`; the default classifier if left out."""

    input: Text | Texts | Numbers
    """A text, or a list of texts; for models of numbers a list of arrays, each of the model's
    `input_shape`: `[[[0.1, 0.2], [0.3, 0.4]]]` is one sequence of two rows."""

    explain: bool | Literal["trajectory", "occlusion", "gates"] = False
    """`trajectory` (or true) adds the probabilities after each token, `occlusion` the change that
    each word makes, `gates` what goes on inside the network at each token."""

    units: UnitsAsk | None = None
    """With `gates`: units to tell whole, by their numbers; `top` for the eight of each layer that
    the answer owes most to, `all` for all. Left out, each layer is summed up alone."""

    layers: LayerNumbers | None = None
    """With `gates`: the layers to tell, from 0; all if left out."""

    encoding_format: EncodingAsk | None = None
    """With `gates`: `base64` writes each list of units as little-endian 32-bit floats in base64,
    and allows eight times as many; `float` and nothing write numbers."""

    return_state: bool = False
    """Adds to each row the state of the network at its text's end, as `state`."""

    state: SealedState | SealedStates | None = None
    """The `state` of an earlier row, to go on from there; `input` is then what follows, and may be
    empty. For a list of texts a list, null for a text that begins."""

    truncate_prompt_tokens: TextTokens | None = None
    """Read at most so many tokens of a text; -1, and any more than it has, is the model's limit."""
