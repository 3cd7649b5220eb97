"""Wire models of `explain` "gates": what is asked, and the inside of a network as it is told."""

from typing import Annotated, Literal

from pydantic import Field

from service.api.response_schemas import Answer
from service.api.whole_numbers import Whole

MAX_UNITS = 4_096
MAX_LAYERS = 64

UnitNumbers = Annotated[
    list[Annotated[int, Whole(0, 2**31 - 1)]],
    Field(min_length=1, max_length=MAX_UNITS, fail_fast=True),
]
LayerNumbers = Annotated[
    list[Annotated[int, Whole(0, 2**31 - 1)]],
    Field(min_length=1, max_length=MAX_LAYERS, fail_fast=True),
]
UnitsAsk = Literal["top", "all"] | UnitNumbers
EncodingAsk = Literal["float", "base64"]

Numbers = list[list[float]] | str
"""A row of units for each token; with `encoding_format` "base64" the same as little-endian 32-bit
floats."""


class QuantityBody(Answer):
    """One quantity over all units of a layer: in each summary a number for each token."""

    mean: list[float]
    """Mean of the units."""

    near_0: list[float]
    """Share of the units within 0.1 of 0."""

    near_1: list[float]
    """Share of the units whose absolute value is over 0.9."""

    norm: list[float]
    """Euclidean norm."""

    values: Numbers | None = None
    """The chosen units whole: for each token a number for each unit; in base64 the same as
    little-endian 32-bit floats."""

    from_input: Numbers | None = None
    """Of a gate or candidate: what the input adds to the sum that it is made of."""

    from_hidden: Numbers | None = None
    """What the hidden state before adds to that sum."""


class LayerBody(Answer):
    """One layer in one direction; its quantities are those of its cell."""

    layer: int
    """Its number, from 0; the last one is read by the output."""

    direction: Literal["forward", "backward"]
    """Which way it reads."""

    units: list[int] | None = None
    """The units that are told whole."""

    influence: list[float] | None = None
    """What the answer's score owes to each of them."""

    input: QuantityBody | None = None
    """LSTM: the input gate."""

    forget: QuantityBody | None = None
    """LSTM: the forget gate, the share of the cell state that is kept."""

    output: QuantityBody | None = None
    """LSTM: the output gate."""

    reset: QuantityBody | None = None
    """GRU: the reset gate."""

    update: QuantityBody | None = None
    """GRU: the update gate, the share of the hidden state that is kept."""

    candidate: QuantityBody | None = None
    """LSTM and GRU: what is to be written."""

    cell: QuantityBody | None = None
    """LSTM: the cell state."""

    hidden: QuantityBody
    """The hidden state."""


class ExpectedBody(Answer):
    """A token that a generator holds possible next."""

    text: str
    """Its text, or its name if it has none."""

    prob: float
    """Its probability, before `temperature` and all other sampling."""


class ReadTokenBody(Answer):
    """A token that the network reads."""

    text: str
    """The characters of the caller's text; of a generator the token's own, or its name."""

    start: int | None = None
    """Classifier: offset of its first character, counted in code points."""

    end: int | None = None
    """Classifier: offset after its last character."""

    token_id: int
    """Its number in the model's vocabulary."""

    special: bool | None = None
    """Generator: whether `text` is its name, as it has none."""

    written: bool | None = None
    """Generator: whether the network wrote it; else it is of the prompt."""

    expects: list[ExpectedBody] | None = None
    """Generator: the tokens that are the most probable after it, best first."""


class GatesBody(Answer):
    """The inside of a recurrent network while it reads."""

    cell: Literal["rnn", "lstm", "gru"]
    """Kind of its cells."""

    hidden_size: int
    """Units of a layer in one direction."""

    num_layers: int
    """Layers of the network, told here or not."""

    tokens: list[ReadTokenBody]
    """What is read, in order."""

    layers: list[LayerBody]
    """The layers from the input up, forward before backward."""
