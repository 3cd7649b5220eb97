"""An ONNX graph with the inputs and outputs that the service gives and takes.

token_ids or values, lengths ──cast, turned──▶ the graph as it was ──sigmoid, softmax──▶ probs
"""

from collections.abc import Callable, Sequence
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
from model_store.importing.network import Array, Ending
from model_store.importing.onnx_files.ends import EndedGraph, Ends
from model_store.importing.onnx_files.read import OnnxFile
from model_store.importing.options import Options
from model_store.importing.proving import as_probs
from model_store.importing.refused import Refused
from model_store.onnx_runtime import ort
from model_store.tables import table
from model_store.tasks.sequence_classification import SequenceClassifierConfig
from model_store.tasks.text_classification import ClassifierConfig
from model_store.tokenizer import Tokenizer

PREFIX = "file/"


def fit_onnx(
    file: OnnxFile, ends: Ends, tokenizer: Tokenizer | None, options: Options
) -> tuple[Fitted, bytes]:
    """Return a graph with its configuration, and the graph that is served for it.

    Raises:
        Refused: If they do not fit together, or something is missing.
    """
    graph = EndedGraph(file, ends)
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
    graph: EndedGraph, tokenizer: Tokenizer | None, options: Options, num_classes: int
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


def _embedding_dim(graph: EndedGraph) -> int:
    """Return the width of what the first recurrent node reads."""
    tensors = {one.name: one for one in graph.file.model.graph.initializer}
    for node in graph.file.model.graph.node:
        if node.op_type in ("LSTM", "GRU", "RNN") and node.input[1] in tensors:
            return int(tensors[node.input[1]].dims[2])
    return 1


def _oracle(
    session: ort.InferenceSession, graph: EndedGraph, ending: Ending, options: Options
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


def _wrapped(graph: EndedGraph, config: Config, ending: Ending, options: Options) -> bytes:
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


def _turned(graph: EndedGraph, first: str) -> list[onnx.NodeProto]:
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
