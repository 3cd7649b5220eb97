"""A network as it was read from a file, of whatever framework: steps from inputs to logits.

Arrays are float32 and have torch's layout: matrices (outputs, inputs), gates of an LSTM in the
order i f g o, of a GRU r z n. Knows no file and no graph.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model_store.config import Cell

Array = NDArray[Any]
Inputs = Literal["tokens", "rows", "vector"]
Ending = Literal["sigmoid", "softmax"]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


@dataclass(frozen=True, slots=True)
class Activation:
    """A function of one number, or of a vector for "softmax".

    Args:
        name: As Keras names it.
        alpha: Its first constant, such as the slope of "hard_sigmoid" or "leaky_relu".
        beta: Its second.
    """

    name: str
    alpha: float = 0.0
    beta: float = 0.0


LINEAR, TANH, SIGMOID, RELU = map(Activation, ("linear", "tanh", "sigmoid", "relu"))


@dataclass(frozen=True, eq=False, slots=True)
class Embed:
    """Token ids to vectors.

    Args:
        table: (vocab_size, embedding_dim).
        mask_zero: Whether token 0 is left out by the layers above that know of masks.
    """

    table: Array
    mask_zero: bool = False


@dataclass(frozen=True, slots=True)
class MaskRows:
    """Leave out rows all of whose numbers are `value`; what stays of them is zeros."""

    value: float


@dataclass(frozen=True, eq=False, slots=True)
class Direction:
    """The weights of a recurrent layer in one direction, with `gates` of `hidden_size` rows each.

    Args:
        weight_ih: (gates * hidden_size, input_size).
        weight_hh: (gates * hidden_size, hidden_size).
        bias_ih: (gates * hidden_size,).
        bias_hh: (gates * hidden_size,).
    """

    weight_ih: Array
    weight_hh: Array
    bias_ih: Array
    bias_hh: Array

    @property
    def hidden_size(self) -> int:
        """Width of the state."""
        return int(self.weight_hh.shape[1])


@dataclass(frozen=True, eq=False, slots=True)
class Recurrent:
    """A recurrent layer.

    Args:
        cell: Kind of its cells.
        forward: Its weights, or those of its forward direction.
        backward: Those of its backward direction, if it has both.
        merge: How both directions become one: "concat", "sum", "mul" or "ave".
        activation: Of what comes in.
        gate_activation: Of the gates.
        reset_after: Of a GRU, whether the reset gate is applied to the product (torch, Keras by
            default) or to the state before it (Cho et al. 2014).
        go_backwards: Whether it reads from the last step to the first, with its outputs in that
            order; for layers of one direction.
        return_sequences: Whether it gives the state after each step, or the last one.
        zero_masked: Whether its outputs are zero at steps that are masked, where else the one
            before is repeated.
    """

    cell: Cell
    forward: Direction
    backward: Direction | None = None
    merge: str = "concat"
    activation: Activation = TANH
    gate_activation: Activation = SIGMOID
    reset_after: bool = True
    go_backwards: bool = False
    return_sequences: bool = False
    zero_masked: bool = False

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The weights of each direction."""
        return (self.forward,) if self.backward is None else (self.forward, self.backward)

    @property
    def width(self) -> int:
        """Numbers that it gives a step."""
        doubled = self.backward is not None and self.merge == "concat"
        return self.forward.hidden_size * (2 if doubled else 1)


@dataclass(frozen=True, slots=True)
class Pool:
    """All steps to one vector: their "max", their "mean", or the "last" of them."""

    kind: Literal["max", "mean", "last"]


@dataclass(frozen=True, eq=False, slots=True)
class Linear:
    """`weight` (outputs, inputs) times a vector, plus `bias` (outputs,)."""

    weight: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class Activate:
    """An activation by itself."""

    activation: Activation


@dataclass(frozen=True, eq=False, slots=True)
class Scale:
    """Each number times `scale`, plus `shift`: a batch normalization once it is trained."""

    scale: Array
    shift: Array


@dataclass(frozen=True, eq=False, slots=True)
class Normalize:
    """Layer normalization (Ba et al. 2016) of each vector."""

    scale: Array
    shift: Array
    epsilon: float


@dataclass(frozen=True, slots=True)
class Join:
    """Several values to one: "concat", "add", "multiply", "average", "maximum" or "minimum"."""

    kind: str


Operation = (
    Embed | MaskRows | Recurrent | Pool | Linear | Activate | Scale | Normalize | Join
)  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One operation.

    Args:
        layer: The layer of the file that it comes from, for messages.
        operation: What is done.
        inputs: Places of the steps that it is done with; -1 is the network's input.
    """

    layer: str
    operation: Operation
    inputs: tuple[int, ...] = (-1,)


@dataclass(frozen=True, eq=False, slots=True)
class Network:
    """A whole network.

    Args:
        steps: Each after those that it takes; the last gives the logits.
        inputs: What goes in: token ids, rows of numbers, or one vector.
        ending: What makes probabilities of the logits: the sigmoid of the only one, or a softmax.
        num_features: Numbers in a row or vector.
        fixed_len: Steps of an input where the file lays them down.
        outline: The file's layers in words, for people.
    """

    steps: tuple[Step, ...]
    inputs: Inputs
    ending: Ending
    num_features: int = 0
    fixed_len: int | None = None
    outline: Sequence[str] = field(default=())

    def operations(self, kind: type[Any]) -> list[Any]:
        """Return the operations of one kind, in order."""
        return [step.operation for step in self.steps if isinstance(step.operation, kind)]

    @property
    def num_logits(self) -> int:
        """Numbers that the last step gives."""
        return next(len(one.bias) for one in reversed(self.operations(Linear)))

    @property
    def num_classes(self) -> int:
        """Classes told apart."""
        return 2 if self.ending == "sigmoid" else self.num_logits

    @property
    def num_parameters(self) -> int:
        """Numbers in its weights."""
        return sum(array.size for step in self.steps for array in arrays_of(step.operation))


def arrays_of(operation: Operation) -> list[Array]:
    """Return the weights of an operation."""
    if isinstance(operation, Recurrent):
        return [
            array
            for one in operation.directions
            for array in (one.weight_ih, one.weight_hh, one.bias_ih, one.bias_hh)
        ]
    values = (getattr(operation, name) for name in operation.__slots__)
    return [value for value in values if isinstance(value, np.ndarray)]
