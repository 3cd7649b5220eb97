"""Which inputs and outputs of an ONNX graph are used, and whether they can be."""

from collections.abc import Sequence
from dataclasses import dataclass

import onnx
from onnx import TensorProto

from model_store.importing.network import Inputs
from model_store.importing.onnx_files.read import TOKEN_TYPES, OnnxFile
from model_store.importing.refused import Refused


@dataclass(frozen=True, slots=True)
class Ends:
    """Which of a graph's inputs and outputs are meant; None where there is only one.

    Args:
        inputs: The input of token ids or numbers.
        lengths: The input of how many of them are real.
        output: The output of probabilities or logits.
        is_time_first: Whether its first axis is time.
    """

    inputs: str | None = None
    lengths: str | None = None
    output: str | None = None
    is_time_first: bool = False


class EndedGraph:
    """A file's graph and the ends that are used of it.

    Args:
        file: The graph.
        ends: Which of its inputs and outputs.

    Raises:
        Refused: If these are not there, or not of a kind that can be served.
    """

    def __init__(self, file: OnnxFile, ends: Ends) -> None:
        """Find them and check them."""
        self.file, self.is_time_first = file, ends.is_time_first
        graph = file.model.graph
        constants = {one.name for one in graph.initializer}
        inputs = [one for one in graph.input if one.name not in constants]
        self.lengths = None if ends.lengths is None else _one(inputs, ends.lengths, "--lengths")
        rest = [one for one in inputs if self.lengths is None or one.name != self.lengths.name]
        self.first = _one(rest, ends.inputs, "--input")
        if len(rest) > 1:
            others = ", ".join(one.name for one in rest if one.name != self.first.name)
            raise Refused(
                f"input {others!r}", "nothing is known to give it", "Name lengths by --lengths"
            )
        self.output = _one(list(graph.output), ends.output, "--output")
        self.shape = file.shape(self.first)
        self.kind: Inputs = "tokens" if self._type(self.first) in TOKEN_TYPES else "rows"
        self._check()

    def _check(self) -> None:
        wanted = 2 if self.kind == "tokens" else 3
        if len(self.shape) != wanted or self._type(self.first) not in (*TOKEN_TYPES, 1):
            raise Refused(
                f"input {self.first.name!r}",
                f"it has {len(self.shape)} axes",
                "Inputs are token ids (batch, time), whole numbers, or floats (batch, time, n)",
            )
        shape = self.file.shape(self.output)
        if len(shape) != 2 or shape[1] is None or self._type(self.output) != TensorProto.FLOAT:
            raise Refused(
                f"output {self.output.name!r}",
                f"it is {shape}, not floats (batch, classes)",
                "Name the output with a number a class by --output",
            )
        self.num_outputs: int = shape[1]
        if self.batch_size not in (None, 1):
            raise Refused(
                f"input {self.first.name!r}",
                f"it is for batches of {self.batch_size}",
                "Export it with a dynamic batch axis, or for one row",
            )

    @staticmethod
    def _type(value: onnx.ValueInfoProto) -> int:
        return value.type.tensor_type.elem_type

    @property
    def batch_size(self) -> int | None:
        """Rows that it takes; None for any."""
        return self.shape[1 if self.is_time_first else 0]

    @property
    def fixed_len(self) -> int | None:
        """Steps that it takes; None for any."""
        return self.shape[0 if self.is_time_first else 1]

    def input_type(self) -> int:
        """Return the type of its first input, as ONNX numbers types."""
        return self._type(self.first)

    def lengths_type(self) -> int:
        """Return the type of its lengths."""
        assert self.lengths is not None
        return self._type(self.lengths)


def _one(values: Sequence[onnx.ValueInfoProto], name: str | None, flag: str) -> onnx.ValueInfoProto:
    names = ", ".join(one.name for one in values)
    if name is None and len(values) == 1:
        return values[0]
    for one in values:
        if one.name == name:
            return one
    if name is None:
        raise Refused(flag, f"the file has several: {names}", f"Name one by {flag}")
    raise Refused(flag, f"the file has no {name!r}", f"It has: {names}")
