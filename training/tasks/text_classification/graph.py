"""The graphs of a text classifier.

model   token_ids (batch, seq_len), lengths (batch,)
-> probs (batch, num_classes) [, hidden_states (batch, seq_len, hidden_size)]
head    pooled (n, pooled_dim) -> probs (n, num_classes)
"""

import numpy as np
from onnx import TensorProto

from training.export.graph import Graph, merge_directions, pooled, stack_layer, token_inputs
from training.export.weights import Location
from training.nets.classifier import FEWEST_TOKENS, ClassifierNetConfig


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
    states = token_inputs(graph)
    last = ""
    for index in range(stack.num_layers):
        outputs = stack_layer(graph, states, "lengths", config=stack, index=index, state=[])
        states = merge_directions(graph, outputs[0], stack)
        last = outputs[1]
    if stack.bidirectional:
        by_row = graph.op("Transpose", last, perm=[1, 0, 2])
        last = graph.op("Reshape", by_row, graph.constant([0, stack.output_dim], np.int64))
    else:
        last = graph.op("Squeeze", last, graph.constant([0], np.int64))
    features = pooled(graph, states, last, pooling=config.pooling, inputs="token_ids")
    _head(graph, features, "lengths", config)
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
