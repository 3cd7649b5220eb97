"""The graph of a classifier of sequences of numbers.

model   values (batch, seq_len, num_features), lengths (batch,) -> probs (batch, num_classes)
"""

import numpy as np
from onnx import TensorProto

from training.export.graph import Graph, merge_directions, pooled, stack_layer
from training.export.weights import Location
from training.nets.sequence_classifier import SequenceNetConfig


def standardized(graph: Graph, values: str) -> str:
    """Add `training.nets.standardize.Standardize`."""
    centred = graph.op("Sub", values, graph.weight("standardize.mean"))
    return graph.op("Mul", centred, graph.weight("standardize.scale"))


def dense_probs(graph: Graph, hidden: str, *, num_dense: int, num_classes: int) -> None:
    """Add dense layers and softmax; publish `probs`."""
    for index in range(num_dense):
        hidden = graph.op("Relu", graph.linear(hidden, f"dense.{index}"))
    logits = graph.linear(hidden, "output")
    graph.output("probs", graph.op("Softmax", logits, axis=1), ["batch", num_classes])


def sequence_graph(config: SequenceNetConfig, weights: dict[str, Location]) -> bytes:
    """Build `model.onnx`."""
    graph, stack = Graph(weights), config.stack
    shape: list[int | str] = ["batch", "seq_len", config.num_features]
    graph.declare("values", TensorProto.FLOAT, shape, is_output=False)
    graph.declare("lengths", TensorProto.INT32, ["batch"], is_output=False)
    states = graph.op("Transpose", standardized(graph, "values"), perm=[1, 0, 2])
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
    features = pooled(graph, states, last, pooling=config.pooling, inputs="values")
    dense_probs(graph, features, num_dense=len(config.dense_dims), num_classes=config.num_classes)
    return graph.to_bytes("sequence classifier")
