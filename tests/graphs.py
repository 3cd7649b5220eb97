"""Tiny ONNX graphs with random weights: the inputs, outputs and operators of exported models."""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from model_store import ClassifierConfig, GeneratorConfig

OPSET = 21
IR_VERSION = 10
NUM_GATES = {"rnn": 1, "gru": 3, "lstm": 4}
OPERATORS = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}
FLOAT = TensorProto.FLOAT
INT32 = TensorProto.INT32


class Graph:
    """Collects nodes and constants under fresh names."""

    def __init__(self, seed):
        self.nodes = []
        self.initializers = []
        self._rng = np.random.default_rng(seed)

    def constant(self, array):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weights(self, *shape, scale=None):
        bound = scale if scale is not None else (3.0 / shape[-1]) ** 0.5
        return self.constant(self._rng.uniform(-bound, bound, shape).astype(np.float32))

    def add(self, op_type, inputs, *outputs, **attributes):
        names = outputs or (f"n{len(self.nodes)}",)
        self.nodes.append(helper.make_node(op_type, inputs, names, **attributes))
        return names[0] if len(names) == 1 else names

    def to_bytes(self, inputs, outputs):
        graph = helper.make_graph(self.nodes, "tiny", inputs, outputs, self.initializers)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model.SerializeToString()


def ints(*values):
    return np.array(values, np.int64)


def value(name, element, *shape):
    return helper.make_tensor_value_info(name, element, shape)


def _recurrent(graph, config, layer, steps, *, lengths, initial, outputs):
    """One recurrent layer; `steps` is (seq_len, batch, features)."""
    directions = 2 if getattr(config, "bidirectional", False) else 1
    gates = NUM_GATES[config.cell] * config.hidden_size
    inputs_dim = config.embedding_dim if layer == 0 else directions * config.hidden_size
    bound = config.hidden_size**-0.5
    inputs = [
        steps,
        graph.weights(directions, gates, inputs_dim, scale=bound),
        graph.weights(directions, gates, config.hidden_size, scale=bound),
        graph.weights(directions, 2 * gates, scale=bound),
        lengths,
        *initial,
    ]
    attributes: dict[str, object] = {"hidden_size": config.hidden_size}
    if directions == 2:
        attributes["direction"] = "bidirectional"
    if config.cell == "gru":
        attributes["linear_before_reset"] = 1
    graph.add(OPERATORS[config.cell], inputs, *outputs, **attributes)


def _joined(graph, steps):
    """Put the directions of (seq_len, directions, batch, hidden) side by side."""
    moved = graph.add("Transpose", [steps], perm=[0, 2, 1, 3])
    return graph.add("Reshape", [moved, graph.constant(ints(0, 0, -1))])


def _joined_last(graph, last):
    """Put the directions of (directions, batch, hidden) side by side."""
    moved = graph.add("Transpose", [last], perm=[1, 0, 2])
    return graph.add("Reshape", [moved, graph.constant(ints(0, -1))])


def _embed(graph, config):
    table = graph.weights(config.vocab_size, config.embedding_dim, scale=1.0)
    embedded = graph.add("Gather", [table, "token_ids"])
    return graph.add("Transpose", [embedded], perm=[1, 0, 2])


def _masked_max_and_mean(graph, steps):
    """Pool (seq_len, batch, features) over the real tokens; states are zero after them.

    ONNX Runtime sums over the first axis in order. Over the middle one the order, and so the last
    bits, would change with the padding.
    """
    shape = graph.add("Shape", ["token_ids"], start=1, end=2)
    seq_len = graph.add("Squeeze", [shape])
    places = graph.add("Range", [graph.constant(np.int64(0)), seq_len, graph.constant(np.int64(1))])
    places = graph.add("Unsqueeze", [places, graph.constant(ints(1))])
    wide = graph.add("Cast", ["lengths"], to=TensorProto.INT64)
    mask = graph.add("Less", [places, graph.add("Unsqueeze", [wide, graph.constant(ints(0))])])
    mask = graph.add("Unsqueeze", [mask, graph.constant(ints(2))])  # (seq_len, batch, 1)
    lowest = graph.constant(np.float32(-1e30))
    axis = graph.constant(ints(0))
    highest = graph.add("ReduceMax", [graph.add("Where", [mask, steps, lowest]), axis], keepdims=0)
    total = graph.add("ReduceSum", [steps, axis], keepdims=0)
    count = graph.add("Unsqueeze", [graph.add("Cast", [wide], to=FLOAT), graph.constant(ints(1))])
    return highest, graph.add("Div", [total, count])


class _Head:
    """The classifier's dense layers, the same weights in both graphs."""

    def __init__(self, config, pooled_dim, seed):
        rng = np.random.default_rng(seed + 1)
        sizes = [pooled_dim, *config.dense_dims, len(config.labels)]
        self.layers = [
            (
                rng.normal(0, 2.0 / before**0.5, (after, before)).astype(np.float32),
                rng.normal(0, 0.1, after).astype(np.float32),
            )
            for before, after in zip(sizes, sizes[1:], strict=False)
        ]

    def add_to(self, graph, pooled):
        for number, (weight, bias) in enumerate(self.layers):
            if number:
                pooled = graph.add("Relu", [pooled])
            weights = [graph.constant(weight), graph.constant(bias)]
            pooled = graph.add("Gemm", [pooled, *weights], transB=1)
        graph.add("Softmax", [pooled], "probs", axis=-1)


@dataclass(frozen=True)
class ClassifierGraphs:
    """The served graph and, for one direction, the head alone."""

    model: bytes
    head: bytes | None


def classifier_graphs(config: ClassifierConfig, seed: int = 0) -> ClassifierGraphs:
    """Build a classifier's `model.onnx` and `head.onnx`."""
    graph = Graph(seed)
    steps = _embed(graph, config)
    for layer in range(config.num_layers):
        names = [f"y{layer}", f"h{layer}"]
        _recurrent(graph, config, layer, steps, lengths="lengths", initial=[], outputs=names)
        steps = _joined(graph, names[0])
    if not config.bidirectional:
        graph.add("Transpose", [steps], "hidden_states", perm=[1, 0, 2])
    last = _joined_last(graph, names[1])
    width = config.hidden_size * (2 if config.bidirectional else 1)
    pooled, pooled_dim = last, width
    if config.pooling == "concat":
        pools = _masked_max_and_mean(graph, steps)
        pooled = graph.add("Concat", [last, *pools], axis=-1)
        pooled_dim = 3 * width
    head = _Head(config, pooled_dim, seed)
    head.add_to(graph, pooled)
    classes = len(config.labels)
    inputs = [value("token_ids", INT32, "batch", "seq_len"), value("lengths", INT32, "batch")]
    outputs = [value("probs", FLOAT, "batch", classes)]
    if config.bidirectional:
        return ClassifierGraphs(graph.to_bytes(inputs, outputs), None)
    outputs.append(value("hidden_states", FLOAT, "batch", "seq_len", config.hidden_size))
    alone = Graph(seed)
    head.add_to(alone, "pooled")
    head_bytes = alone.to_bytes([value("pooled", FLOAT, "n", pooled_dim)], [outputs[0]])
    return ClassifierGraphs(graph.to_bytes(inputs, outputs), head_bytes)


def generator_graph(config: GeneratorConfig, seed: int = 0, sharpness: float = 3.0) -> bytes:
    """Build a generator's `model.onnx`; a higher `sharpness` makes its choices surer."""
    graph = Graph(seed)
    steps = _embed(graph, config)
    state_names = ["hidden", "cell"] if config.cell == "lstm" else ["hidden"]
    finals: dict[str, list[str]] = {name: [] for name in state_names}
    for layer in range(config.num_layers):
        place = graph.constant(ints(layer))
        after = graph.constant(ints(layer + 1))
        axis = graph.constant(ints(0))
        initial = [graph.add("Slice", [name, place, after, axis]) for name in state_names]
        names = [f"y{layer}", *(f"{name}{layer}" for name in state_names)]
        _recurrent(graph, config, layer, steps, lengths="lengths", initial=initial, outputs=names)
        steps = graph.add("Squeeze", [names[0], graph.constant(ints(1))])
        for name, final in zip(state_names, names[1:], strict=True):
            finals[name].append(final)
    for name in state_names:
        graph.add("Concat", finals[name], f"{name}_out", axis=0)
    last = graph.add(
        "Gather", ["hidden_out", graph.constant(np.int64(config.num_layers - 1))], axis=0
    )
    scale = sharpness / config.hidden_size**0.5
    weight = graph.weights(config.vocab_size, config.hidden_size, scale=scale)
    bias = graph.weights(config.vocab_size, scale=0.1)
    graph.add("Gemm", [last, weight, bias], "logits", transB=1)
    shape = (config.num_layers, "batch", config.hidden_size)
    inputs = [value("token_ids", INT32, "batch", "seq_len"), value("lengths", INT32, "batch")]
    inputs += [value(name, FLOAT, *shape) for name in state_names]
    outputs = [value("logits", FLOAT, "batch", config.vocab_size)]
    outputs += [value(f"{name}_out", FLOAT, *shape) for name in state_names]
    return graph.to_bytes(inputs, outputs)
