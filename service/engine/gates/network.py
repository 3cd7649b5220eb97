"""A stored network read by its equations: token ids in, all that goes on inside out.

Takes the weights as `weights.safetensors` has them; no graph and no torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recurrent.packing import as_rounded
from service.engine.arrays import Floats
from service.engine.gates.arithmetic import Arithmetic, CellWeights, In8Bits, InFloats
from service.engine.gates.cells import GiveWay, State, Trace, backward, read

EMBEDDING = "stack.embedding.weight"
SCALES = ".scales"
"""After a matrix's name: what one step of each row in 8 bits is worth."""

Tensors = Mapping[str, npt.NDArray[Any]]
Traces = list[tuple[Trace, ...]]
"""For each layer one trace a direction: forward, and in a bidirectional network backward, whose
steps go from the text's end to its start."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network is: kind of its cells, their number in a layer, layers, directions.

    With `is_8_bit` it reads as the 8-bit engine does, to the last bit.
    """

    cell: str
    hidden_size: int
    num_layers: int
    bidirectional: bool = False
    is_8_bit: bool = False

    def as_read(self, states: Floats) -> Floats:
        """Return states as what stands above their layer multiplies them."""
        return as_rounded(states) if self.is_8_bit else states

    @property
    def directions(self) -> tuple[str, ...]:
        """In which directions each layer reads."""
        return ("forward", "backward") if self.bidirectional else ("forward",)


class Network:
    """Embedding and recurrent layers.

    Args:
        tensors: The stored weights by name.
        shape: What they are the weights of.
        give_way: See `cells.GiveWay`.
    """

    def __init__(self, tensors: Tensors, shape: Shape, give_way: GiveWay) -> None:
        """Widen the layers' weights to float32, as the graphs do."""
        self.shape = shape
        self._embedding = tensors[EMBEDDING]
        self._embedding_scales = tensors.get(f"{EMBEDDING}{SCALES}")
        self._give_way = give_way
        self._layers = [
            [
                _arithmetic(tensors, f"stack.{one}_layers.{layer}", is_8_bit=shape.is_8_bit)
                for one in shape.directions
            ]
            for layer in range(shape.num_layers)
        ]

    def read(self, token_ids: Sequence[int], start: Sequence[State] | None = None) -> Traces:
        """Read a text of at least one token.

        Args:
            token_ids: What is read.
            start: A state per layer to go on from; zeros when None.
        """
        ids = np.asarray(token_ids, np.intp)
        outputs = wide(self._embedding[ids])
        scales = self._embedding_scales
        steps = None if scales is None else scales[ids][:, None]
        traces: Traces = []
        for layer, directions in enumerate(self._layers):
            state = self._zeros() if start is None else start[layer]
            traces.append(
                tuple(
                    read(
                        self.shape.cell,
                        in_order(one.of_inputs(outputs, steps), is_backward=bool(place)),
                        state,
                        arithmetic=one,
                        give_way=self._give_way,
                    )
                    for place, one in enumerate(directions)
                )
            )
            outputs, steps = outputs_of(traces[-1]), None
        return traces

    def influences(self, traces: Traces, of_outputs: Floats) -> list[tuple[Floats, ...]]:
        """Tell what a score owes to each unit.

        That is the score's derivative by a factor, at 1, on the unit's hidden state after every
        step: about what is lost where the unit is silent (Molchanov et al. 2017, first order).

        Args:
            traces: What was read.
            of_outputs: (tokens, directions * hidden_size), the score's derivative by each hidden
                state of the last layer.

        Returns:
            (hidden_size,) for each layer and direction.
        """
        found: list[tuple[Floats, ...]] = []
        for directions in reversed(traces):
            parts = np.split(of_outputs, len(directions), axis=1)
            backs = [
                backward(trace, in_order(part, is_backward=bool(place)), self._give_way)
                for place, (trace, part) in enumerate(zip(directions, parts, strict=True))
            ]
            owed = (
                (one.hidden * trace.hidden) for one, trace in zip(backs, directions, strict=True)
            )
            found.insert(0, tuple(one.sum(axis=0) for one in owed))
            of_inputs = [in_order(one.inputs, is_backward=bool(i)) for i, one in enumerate(backs)]
            of_outputs = of_inputs[0] if len(of_inputs) == 1 else of_inputs[0] + of_inputs[1]
        return found

    def _zeros(self) -> State:
        zeros = np.zeros(self.shape.hidden_size, np.float32)
        return (zeros, zeros) if self.shape.cell == "lstm" else (zeros,)


def _arithmetic(tensors: Tensors, path: str, *, is_8_bit: bool) -> Arithmetic:
    weights = CellWeights(*(wide(tensors[f"{path}.{field}"]) for field in CellWeights._fields))
    if not is_8_bit:
        return InFloats(weights)
    scales = (tensors[f"{path}.{field}{SCALES}"] for field in ("weight_ih", "weight_hh"))
    return In8Bits(weights, tuple(scales))  # type: ignore[arg-type]


def outputs_of(directions: Sequence[Trace]) -> Floats:
    """Return what a layer passes up: hidden states (tokens, directions * hidden_size)."""
    parts = [in_order(one.hidden, is_backward=bool(i)) for i, one in enumerate(directions)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def in_order(rows: Floats, *, is_backward: bool) -> Floats:
    """Turn rows in the order of the text into that of reading, or back."""
    return rows[::-1] if is_backward else rows


def wide(tensor: npt.NDArray[Any]) -> Floats:
    """Return a tensor as float32."""
    return np.ascontiguousarray(tensor, np.float32)
