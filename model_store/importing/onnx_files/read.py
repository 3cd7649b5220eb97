"""An ONNX file, looked through before anything is made of it.

The graph stays as it is: what its weights mean is not asked. Operators of ONNX itself are taken,
which hold no code of their own; external data is read from the file's own folder alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, external_data_helper

from model_store.config import Cell
from model_store.importing.refused import Refused, printable

CELLS: dict[str, Cell] = {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn"}
RANDOM = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial",
          "Bernoulli")  # fmt: skip
OLDEST_OPSET, NEWEST_OPSET = 7, 26
MAX_BYTES = 2 << 30
EXPORT_AGAIN = "Export the model again with operators of ONNX alone"
TOKEN_TYPES = (TensorProto.INT32, TensorProto.INT64)


@dataclass(frozen=True, eq=False, slots=True)
class OnnxFile:
    """A graph and what is known of it.

    Args:
        model: The graph, its weights inside of it.
        cells: Its recurrent nodes in order: kind of cell, width of state, whether in both
            directions.
        num_weights: Numbers in its weights.
    """

    model: onnx.ModelProto
    cells: Sequence[tuple[Cell, int, bool]]
    num_weights: int

    @property
    def source(self) -> str:
        """What wrote it, such as "pytorch 2.13.0"."""
        name = self.model.producer_name or "onnx"
        return printable(f"{name} {self.model.producer_version}".strip(), 80)

    def shape(self, value: onnx.ValueInfoProto) -> list[int | None]:
        """Return the axes of an input or output, None where any size fits."""
        dims = value.type.tensor_type.shape.dim
        return [dim.dim_value if dim.HasField("dim_value") else None for dim in dims]

    def table_rows(self, token_ids: str) -> int | None:
        """Return how many tokens the embedding knows that is read with an input's ids."""
        tensors = {one.name: one for one in self.model.graph.initializer}
        names = {token_ids}
        for node in self.model.graph.node:
            if node.op_type in ("Cast", "Identity", "Transpose") and names & set(node.input):
                names |= set(node.output)
            if node.op_type == "Gather" and node.input[1] in names and node.input[0] in tensors:
                return int(tensors[node.input[0]].dims[0])
        return None


def read_onnx(path: Path) -> OnnxFile:
    """Read a file.

    Raises:
        Refused: If it cannot be imported.
        OSError: If it cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise Refused(path.name, f"it has more than {MAX_BYTES >> 30} GiB", "Save a smaller model")
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except (DecodeError, ValueError) as exc:
        raise Refused(path.name, "it is no ONNX file, or damaged", "Export it again") from exc
    if not model.graph.node:
        raise Refused(path.name, "it is no ONNX file, or has no nodes", "Export the model again")
    _check_opset(path, model)
    _check_operators(path, model)
    _load_weights(path, model)
    cells = [_cell(node) for node in _nodes(model.graph) if node.op_type in CELLS]
    if not cells:
        raise Refused(
            path.name,
            "it has no LSTM, GRU or RNN node (Keras writes some forty nodes a time step instead, "
            "for one fixed length)",
            "Import the .keras file, or the state_dict, of the model itself",
        )
    num_weights = sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer)
    return OnnxFile(model, cells, num_weights)


def _check_opset(path: Path, model: onnx.ModelProto) -> None:
    for opset in model.opset_import:
        if opset.domain not in ("", "ai.onnx"):
            if any(node.domain == opset.domain for node in _nodes(model.graph)):
                raise Refused(
                    path.name, f"it uses operators of {opset.domain!r}, not of ONNX", EXPORT_AGAIN
                )
        elif not OLDEST_OPSET <= opset.version <= NEWEST_OPSET:
            raise Refused(
                path.name,
                f"its opset is {opset.version}",
                f"Export it with an opset from {OLDEST_OPSET} to {NEWEST_OPSET}",
            )


def _check_operators(path: Path, model: onnx.ModelProto) -> None:
    if model.functions:
        raise Refused(path.name, "it defines functions of its own", EXPORT_AGAIN)
    for node in _nodes(model.graph):
        if node.domain not in ("", "ai.onnx"):
            raise Refused(
                f"node {node.name or node.op_type!r}",
                f"{node.op_type} is an operator of {node.domain!r}, not of ONNX",
                EXPORT_AGAIN,
            )
        if node.op_type in RANDOM:
            raise Refused(
                f"node {node.name or node.op_type!r}",
                f"{node.op_type} draws numbers, so that the same text has other answers",
                "Export the model in evaluation mode: model.eval()",
            )


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yield the nodes of a graph and of those inside of it."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _nodes(attribute.g)
            for inner in attribute.graphs:
                yield from _nodes(inner)


def _load_weights(path: Path, model: onnx.ModelProto) -> None:
    """Read external data into the graph; raises `Refused` where it lies elsewhere."""
    folder = path.parent.resolve()
    for tensor in external_data_helper._get_all_tensors(model):
        if not external_data_helper.uses_external_data(tensor):
            continue
        entries = {one.key: one.value for one in tensor.external_data}
        location = folder / entries.get("location", "")
        if location.is_symlink() or location.resolve().parent != folder:
            raise Refused(
                f"tensor {tensor.name!r}",
                f"its data lies outside of the folder of {path.name}",
                "Put the file with the data beside it, under the name that it was exported to",
            )
        if not location.is_file():
            raise Refused(
                f"tensor {tensor.name!r}",
                f"its data is to be in {location.name}, which is not there",
                f"Put {location.name} beside {path.name}",
            )
    try:
        external_data_helper.load_external_data_for_model(model, str(folder))
    except (ValueError, onnx.checker.ValidationError) as exc:
        raise Refused(path.name, "its external data is damaged", "Export the model again") from exc


def _cell(node: onnx.NodeProto) -> tuple[Cell, int, bool]:
    values = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
    is_both = values.get("direction", b"forward") != b"forward"
    return CELLS[node.op_type], int(values.get("hidden_size", 1)), is_both
