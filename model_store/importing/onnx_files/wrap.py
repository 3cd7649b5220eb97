"""An ONNX graph with the inputs and outputs that the service gives and takes.

token_ids or values, lengths ──cast, turned──▶ the graph as it was ──sigmoid, softmax──▶ probs
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper

from model_store.config import Cell
from model_store.importing.fitting import (
    Config,
    Fitted,
    check_table,
    labels_of,
    max_len_of,
    needed,
    text_fields,
)
from model_store.importing.network import Array, Ending, Inputs
from model_store.importing.onnx_files.read import TOKEN_TYPES, OnnxFile
from model_store.importing.options import Options
from model_store.importing.proving import as_probs
from model_store.importing.refused import Refused
from model_store.onnx_runtime import ort
from model_store.tables import table
from model_store.tasks.sequence_classification import SequenceClassifierConfig
from model_store.tasks.text_classification import ClassifierConfig
from model_store.tokenizer import Tokenizer

PREFIX = "file/"


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


def fit_onnx(
    file: OnnxFile, ends: Ends, tokenizer: Tokenizer | None, options: Options
) -> tuple[Fitted, bytes]:
    """Return a graph with its configuration, and the graph that is served for it.

    Raises:
        Refused: If they do not fit together, or something is missing.
    """
    graph = _Graph(file, ends)
    session = _session(file.model)
    ending: Ending = "sigmoid" if graph.num_outputs == 1 else "softmax"
    num_classes = 2 if ending == "sigmoid" else graph.num_outputs
    config = _config(graph, tokenizer, options, num_classes)
    fitted = Fitted(
        *(graph.kind, ending, _oracle(session, graph, ending, options)),
        config=config,
        options=options,
        tokenizer=tokenizer,
        outline=outline(file),
        num_weights=file.num_weights,
        truth="the file's own graph, run as it is",
    )
    return fitted, _wrapped(graph, config, ending, options)


def outline(file: OnnxFile) -> str:
    """Return a table of the recurrent nodes."""
    rows = [(cell.upper(), size, "both ways" if both else "") for cell, size, both in file.cells]
    return table(["node", "states", ""], rows)


class _Graph:
    """A file's graph and the ends that are used of it."""

    def __init__(self, file: OnnxFile, ends: Ends) -> None:
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
        return self.shape[1 if self.is_time_first else 0]

    @property
    def fixed_len(self) -> int | None:
        return self.shape[0 if self.is_time_first else 1]

    def input_type(self) -> int:
        return self._type(self.first)

    def lengths_type(self) -> int:
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


def _session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    data = model.SerializeToString()
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # the library raises many kinds
        reason = str(exc).splitlines()[0][:200]
        raise Refused(
            "the graph", f"ONNX Runtime does not load it: {reason}", "Export the model again"
        ) from exc


def _config(
    graph: _Graph, tokenizer: Tokenizer | None, options: Options, num_classes: int
) -> Config:
    cells: Sequence[tuple[Cell, int, bool]] = graph.file.cells
    kinds = {cell for cell, _, _ in cells}
    cell: Cell = "rnn" if "rnn" in kinds else cells[-1][0]
    size, num_layers = cells[-1][1], len(cells)
    both, labels = any(one[2] for one in cells), labels_of(num_classes, options)
    if graph.kind == "rows":
        if tokenizer is not None:
            raise Refused("--tokenizer", "the network reads numbers", "Leave it out")
        width = graph.shape[2]
        if width is None:
            raise Refused(
                f"input {graph.first.name!r}", "it does not say how wide a row is", "Export it so"
            )
        return SequenceClassifierConfig(
            cell=cell, hidden_size=size, num_layers=num_layers, bidirectional=both,
            pooling="other", labels=labels, num_features=width,
            runs_alone=graph.lengths is None or graph.batch_size == 1,
            max_seq_len=max_len_of(graph.fixed_len, options, "rows"),
        )  # fmt: skip
    tokenizer = needed(tokenizer)
    if (rows := graph.file.table_rows(graph.first.name)) is not None:
        check_table(tokenizer.vocab_size, rows)
    fields = text_fields(graph.fixed_len, tokenizer, options)
    is_ragged = graph.lengths is None and fields["padding"] is None
    return ClassifierConfig(
        cell=cell, hidden_size=size, num_layers=num_layers, bidirectional=both, **fields,
        embedding_dim=_embedding_dim(graph), pooling="other", labels=labels,
        runs_alone=is_ragged or graph.batch_size == 1,
    )  # fmt: skip


def _embedding_dim(graph: _Graph) -> int:
    """Return the width of what the first recurrent node reads."""
    tensors = {one.name: one for one in graph.file.model.graph.initializer}
    for node in graph.file.model.graph.node:
        if node.op_type in ("LSTM", "GRU", "RNN") and node.input[1] in tensors:
            return int(tensors[node.input[1]].dims[2])
    return 1


def _oracle(
    session: ort.InferenceSession, graph: _Graph, ending: Ending, options: Options
) -> Callable[[Array], Array]:
    """Return what asks the file's own graph, one row at a time."""

    def ask(inputs: NDArray[Any]) -> Array:
        kind = helper.tensor_dtype_to_np_dtype(graph.input_type())
        given = inputs.astype(kind)
        feed = {graph.first.name: given.swapaxes(0, 1) if graph.is_time_first else given}
        if graph.lengths is not None:
            lengths_kind = helper.tensor_dtype_to_np_dtype(graph.lengths_type())
            feed[graph.lengths.name] = np.array([inputs.shape[1]], lengths_kind)
        got = np.asarray(session.run([graph.output.name], feed)[0], np.float64)
        return as_probs(got, ending, options.gives)

    return ask


def _wrapped(graph: _Graph, config: Config, ending: Ending, options: Options) -> bytes:
    """Return the graph with our ends on it."""
    model = onnx.ModelProto()
    model.CopyFrom(graph.file.model)
    model = compose.add_prefix(model, PREFIX)
    inner = model.graph
    first, output = PREFIX + graph.first.name, PREFIX + graph.output.name
    before = [_turned(graph, first)]
    used = {first}
    if graph.lengths is not None:
        name = PREFIX + graph.lengths.name
        used.add(name)
        before.append(helper.make_node("Cast", ["lengths"], [name], to=graph.lengths_type()))
    nodes = [one for many in before for one in (many if isinstance(many, list) else [many])]
    kept = [one for one in inner.input if one.name not in used]
    after, constants = _probabilities(output, ending, options)
    nodes = [*nodes, *inner.node, *after]
    del inner.node[:], inner.input[:], inner.output[:], inner.value_info[:]
    inner.node.extend(nodes)
    inner.initializer.extend(constants)
    inner.input.extend([*_declared(config), *kept])
    shape: list[str | int | None] = ["batch", len(config.labels)]
    inner.output.append(helper.make_tensor_value_info("probs", TensorProto.FLOAT, shape))
    data: bytes = model.SerializeToString()
    return data


def _turned(graph: _Graph, first: str) -> list[onnx.NodeProto]:
    """Return nodes from our first input to the file's."""
    name = "token_ids" if graph.kind == "tokens" else "values"
    cast = helper.make_node("Cast", [name], [f"{first}/cast"], to=graph.input_type())
    if not graph.is_time_first:
        return [cast, helper.make_node("Identity", [f"{first}/cast"], [first])]
    perm = [1, 0] if graph.kind == "tokens" else [1, 0, 2]
    return [cast, helper.make_node("Transpose", [f"{first}/cast"], [first], perm=perm)]


def _probabilities(
    output: str, ending: Ending, options: Options
) -> tuple[list[onnx.NodeProto], list[TensorProto]]:
    """Return nodes from the file's output to `probs`, and the constants that they need."""
    one = onnx.numpy_helper.from_array(np.array(1, np.float32), "one")
    if options.gives == "logits" and ending == "softmax":
        return [helper.make_node("Softmax", [output], ["probs"], axis=1)], []
    if options.gives == "logits":
        inner = [helper.make_node("Sigmoid", [output], ["positive"])]
    elif ending == "softmax":
        return [helper.make_node("Identity", [output], ["probs"])], []
    else:
        inner = [helper.make_node("Identity", [output], ["positive"])]
    rest = [
        helper.make_node("Sub", ["one", "positive"], ["negative"]),
        helper.make_node("Concat", ["negative", "positive"], ["probs"], axis=1),
    ]
    return [*inner, *rest], [one]


def _declared(config: Config) -> list[onnx.ValueInfoProto]:
    lengths = helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"])
    if isinstance(config, ClassifierConfig):
        shape: list[Any] = ["batch", "seq_len"]
        return [helper.make_tensor_value_info("token_ids", TensorProto.INT32, shape), lengths]
    assert isinstance(config, SequenceClassifierConfig)
    shape = ["batch", "seq_len", config.num_features]
    return [helper.make_tensor_value_info("values", TensorProto.FLOAT, shape), lengths]
