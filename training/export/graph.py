"""The served ONNX graphs, built node by node from a net's configuration.

Building beats tracing here: ONNX's LSTM, GRU and RNN operators take `sequence_lens`, so a padded
batch is exact, and the graphs hold only standard operators. Weights stay in torch's layout in
`weights.safetensors`; the runtime folds the reordering of gates into constants when it loads.

    classifier   token_ids (batch, seq_len), lengths (batch,)
                 -> probs (batch, num_classes) [, hidden_states (batch, seq_len, hidden_size)]
    head         pooled (n, pooled_dim) -> probs (n, num_classes)
    generator    token_ids, lengths, hidden [, cell] (num_layers, batch, hidden_size)
                 -> logits (batch, vocab_size), hidden_out [, cell_out]
"""

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import ArrayLike, DTypeLike
from onnx import TensorProto, helper, numpy_helper

from training.export.weights import FILENAME, Location
from training.nets.classifier import FEWEST_TOKENS
from training.nets.config import ClassifierNetConfig, LanguageModelConfig, StackConfig

OPSET, IR_VERSION = 21, 10
ONNX_DTYPES = {"F32": TensorProto.FLOAT, "F16": TensorProto.FLOAT16}
OPERATORS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
GATE_ORDER = {"rnn": [0], "lstm": [0, 3, 1, 2], "gru": [1, 0, 2]}
"""Places of ONNX's gates (i o f c; z r h) among torch's (i f g o; r z n)."""

Attribute = int | str | Sequence[int]


class Graph:
    """A graph under construction: every method adds nodes and returns the output's name."""

    def __init__(self, weights: dict[str, Location]) -> None:
        """Begin with no nodes; `weights` says where each tensor lies."""
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, TensorProto] = {}
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def ops(self, kind: str, *inputs: str, outputs: int, **attributes: Attribute) -> list[str]:
        """Add a node; return the names of its `outputs` outputs."""
        stem = f"{kind.lower()}_{len(self.nodes)}"
        names = [f"{stem}_{place}" for place in range(outputs)] if outputs > 1 else [stem]
        node = helper.make_node(kind, inputs, names, stem)
        node.attribute.extend(helper.make_attribute(*item) for item in attributes.items())
        self.nodes.append(node)
        return names

    def op(self, kind: str, *inputs: str, **attributes: Attribute) -> str:
        """Add a node with one output; return its name."""
        return self.ops(kind, *inputs, outputs=1, **attributes)[0]

    def constant(self, value: ArrayLike, dtype: DTypeLike) -> str:
        """Add a small constant, once however often it is asked for."""
        array = np.asarray(value, dtype)
        name = f"const_{array.dtype}_{'_'.join(map(str, array.ravel()))}_{array.ndim}"
        self.initializers.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def raw_weight(self, name: str) -> str:
        """Refer to a tensor of the weights file in the type it is stored in."""
        place = self.weights[name]
        tensor = TensorProto(name=name, data_type=ONNX_DTYPES[place.dtype], dims=place.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (
            ("location", FILENAME),
            ("offset", str(place.offset)),
            ("length", str(place.length)),
        ):
            tensor.external_data.add(key=key, value=value)
        self.initializers.setdefault(name, tensor)
        return name

    def weight(self, name: str) -> str:
        """Refer to a tensor of the weights file, widened to float32."""
        raw = self.raw_weight(name)
        if self.weights[name].dtype == "F32":
            return raw
        return self.op("Cast", raw, to=TensorProto.FLOAT)

    def linear(self, inputs: str, layer: str) -> str:
        """Add torch's Linear."""
        weight, bias = self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias")
        return self.op("Gemm", inputs, weight, bias, transB=1)

    def declare(self, name: str, dtype: int, shape: list[int | str], *, is_output: bool) -> None:
        """Declare an input, or an output that a node of this name makes."""
        info = helper.make_tensor_value_info(name, dtype, shape)
        (self.outputs if is_output else self.inputs).append(info)

    def output(self, name: str, value: str, shape: list[int | str]) -> None:
        """Publish `value` as float output `name`."""
        self.nodes.append(helper.make_node("Identity", [value], [name], f"output_{name}"))
        self.declare(name, TensorProto.FLOAT, shape, is_output=True)

    def to_bytes(self, name: str) -> bytes:
        """Return the serialized model."""
        graph = helper.make_graph(
            self.nodes, name, self.inputs, self.outputs, list(self.initializers.values())
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        data: bytes = model.SerializeToString()
        return data


def _gates(graph: Graph, name: str, cell: str) -> str:
    """Return a weight or bias with its gates in ONNX's order."""
    order = GATE_ORDER[cell]
    if len(order) == 1:
        return graph.weight(name)
    count = len(order)
    parts = graph.ops("Split", graph.weight(name), outputs=count, axis=0, num_outputs=count)
    return graph.op("Concat", *(parts[place] for place in order), axis=0)


def _stacked(graph: Graph, directions: list[str]) -> str:
    """Return (num_directions, …) from one array a direction."""
    axis = graph.constant([0], np.int64)
    single = [graph.op("Unsqueeze", one, axis) for one in directions]
    return single[0] if len(single) == 1 else graph.op("Concat", *single, axis=0)


def _layer(
    graph: Graph, inputs: str, lengths: str, *, config: StackConfig, index: int, state: list[str]
) -> list[str]:
    """Add one recurrent layer; return Y (seq_len, directions, batch, hidden_size), Y_h [, Y_c]."""
    paths = [f"stack.forward_layers.{index}"]
    if config.bidirectional:
        paths.append(f"stack.backward_layers.{index}")
    weight_ih = _stacked(graph, [_gates(graph, f"{path}.weight_ih", config.cell) for path in paths])
    weight_hh = _stacked(graph, [_gates(graph, f"{path}.weight_hh", config.cell) for path in paths])
    biases = [
        graph.op(
            "Concat",
            _gates(graph, f"{path}.bias_ih", config.cell),
            _gates(graph, f"{path}.bias_hh", config.cell),
            axis=0,
        )
        for path in paths
    ]
    attributes: dict[str, Attribute] = {
        "hidden_size": config.hidden_size,
        "direction": "bidirectional" if config.bidirectional else "forward",
    }
    if config.cell == "gru":
        attributes["linear_before_reset"] = 1  # torch applies the reset gate after the product
    return graph.ops(
        OPERATORS[config.cell],
        *(inputs, weight_ih, weight_hh, _stacked(graph, biases), lengths, *state),
        outputs=3 if config.cell == "lstm" else 2,
        **attributes,
    )


def _token_inputs(graph: Graph) -> str:
    """Declare token_ids and lengths; return the embedded tokens (seq_len, batch, dim)."""
    graph.declare("token_ids", TensorProto.INT32, ["batch", "seq_len"], is_output=False)
    graph.declare("lengths", TensorProto.INT32, ["batch"], is_output=False)
    by_step = graph.op("Transpose", "token_ids", perm=[1, 0])
    vectors = graph.op("Gather", graph.raw_weight("stack.embedding.weight"), by_step, axis=0)
    if graph.weights["stack.embedding.weight"].dtype != "F32":
        vectors = graph.op("Cast", vectors, to=TensorProto.FLOAT)
    return vectors


def _merge_directions(graph: Graph, states: str, config: StackConfig) -> str:
    """Turn Y (seq_len, directions, batch, hidden_size) into (seq_len, batch, output_dim)."""
    if not config.bidirectional:
        return graph.op("Squeeze", states, graph.constant([1], np.int64))
    by_row = graph.op("Transpose", states, perm=[0, 2, 1, 3])
    shape = graph.constant([0, 0, config.output_dim], np.int64)
    return graph.op("Reshape", by_row, shape)


def _pooled(graph: Graph, states: str, last: str, config: ClassifierNetConfig) -> str:
    """Return (batch, pooled_dim) of (seq_len, batch, output_dim); padding in `states` is zero."""
    if config.pooling == "last":
        return last
    axis0, axis1, axis2 = (graph.constant([axis], np.int64) for axis in (0, 1, 2))
    seq_len = graph.op("Shape", "token_ids", start=1, end=2)
    zero, one = graph.constant(0, np.int32), graph.constant(1, np.int32)
    steps = graph.op("Cast", graph.op("Squeeze", seq_len), to=TensorProto.INT32)
    positions = graph.op("Unsqueeze", graph.op("Range", zero, steps, one), axis1)
    mask = graph.op("Less", positions, graph.op("Unsqueeze", "lengths", axis0))
    mask = graph.op("Unsqueeze", mask, axis2)  # (seq_len, batch, 1), True = real token
    lowest = graph.constant(np.finfo(np.float32).min, np.float32)
    masked = graph.op("Where", mask, states, lowest)
    maximum = graph.op("ReduceMax", masked, axis0, keepdims=0)
    count = graph.op("Unsqueeze", graph.op("Cast", "lengths", to=TensorProto.FLOAT), axis1)
    mean = graph.op("Div", graph.op("ReduceSum", states, axis0, keepdims=0), count)
    return graph.op("Concat", last, maximum, mean, axis=1)


def _head(graph: Graph, pooled: str, lengths: str, config: ClassifierNetConfig) -> None:
    """Add dense layers, calibration and softmax; publish `probs`."""
    for index in range(len(config.dense_dims)):
        pooled = graph.op("Relu", graph.linear(pooled, f"dense.{index}"))
    logits = graph.linear(pooled, "output")
    if config.sigmoid_output:
        zeros = graph.op("Mul", logits, graph.constant(0.0, np.float32))
        logits = graph.op("Concat", zeros, logits, axis=1)
    fewest = graph.constant(FEWEST_TOKENS, np.int32)
    counted = graph.op("Cast", graph.op("Max", lengths, fewest), to=TensorProto.FLOAT)
    power = graph.op("Pow", counted, graph.weight("temperature_slope"))
    temperatures = graph.op("Mul", power, graph.weight("temperature"))
    by_row = graph.op("Unsqueeze", temperatures, graph.constant([1], np.int64))
    logits = graph.op("Div", logits, by_row)
    graph.output("probs", graph.op("Softmax", logits, axis=1), ["batch", config.num_classes])


def classifier_graph(config: ClassifierNetConfig, weights: dict[str, Location]) -> bytes:
    """Build a classifier's `model.onnx`."""
    graph, stack = Graph(weights), config.stack
    states = _token_inputs(graph)
    last = ""
    for index in range(stack.num_layers):
        outputs = _layer(graph, states, "lengths", config=stack, index=index, state=[])
        states = _merge_directions(graph, outputs[0], stack)
        last = outputs[1]
    if stack.bidirectional:
        by_row = graph.op("Transpose", last, perm=[1, 0, 2])
        last = graph.op("Reshape", by_row, graph.constant([0, stack.output_dim], np.int64))
    else:
        last = graph.op("Squeeze", last, graph.constant([0], np.int64))
    _head(graph, _pooled(graph, states, last, config), "lengths", config)
    if not stack.bidirectional:
        by_text = graph.op("Transpose", states, perm=[1, 0, 2])
        graph.output("hidden_states", by_text, ["batch", "seq_len", stack.hidden_size])
    return graph.to_bytes("classifier")


def head_graph(config: ClassifierNetConfig, weights: dict[str, Location]) -> bytes:
    """Build a unidirectional classifier's `head.onnx`, for scores after every token.

    Its rows are what one text's tokens pool to after the first, the first two, and so on, so that a
    row's place tells its length.
    """
    graph = Graph(weights)
    graph.declare("pooled", TensorProto.FLOAT, ["batch", config.pooled_dim], is_output=False)
    num_rows = graph.op("Squeeze", graph.op("Shape", "pooled", start=0, end=1))
    one = graph.constant(1, np.int32)
    rows = graph.op("Cast", num_rows, to=TensorProto.INT32)
    lengths = graph.op("Range", one, graph.op("Add", rows, one), one)
    _head(graph, "pooled", lengths, config)
    return graph.to_bytes("head")


def generator_graph(config: LanguageModelConfig, weights: dict[str, Location]) -> bytes:
    """Build a generator's `model.onnx`: the same graph reads prompts and takes single steps."""
    graph, stack = Graph(weights), config.stack
    states = _token_inputs(graph)
    kinds = ["hidden", "cell"] if stack.cell == "lstm" else ["hidden"]
    shape: list[int | str] = [stack.num_layers, "batch", stack.hidden_size]
    for kind in kinds:
        graph.declare(kind, TensorProto.FLOAT, shape, is_output=False)
    ends: list[list[str]] = []
    for index in range(stack.num_layers):
        place = graph.constant([index], np.int64)
        before = [graph.op("Gather", kind, place, axis=0) for kind in kinds]
        outputs = _layer(graph, states, "lengths", config=stack, index=index, state=before)
        states = _merge_directions(graph, outputs[0], stack)
        ends.append(outputs[1:])
    last = graph.op("Squeeze", ends[-1][0], graph.constant([0], np.int64))
    decoder = "stack.embedding.weight" if config.tie_weights else "decoder.weight"
    bias = graph.weight("decoder.bias")
    logits = graph.op("Gemm", last, graph.weight(decoder), bias, transB=1)
    graph.output("logits", logits, ["batch", stack.vocab_size])
    for place_of, kind in enumerate(kinds):
        after = graph.op("Concat", *(end[place_of] for end in ends), axis=0)
        graph.output(f"{kind}_out", after, shape)
    return graph.to_bytes("generator")
