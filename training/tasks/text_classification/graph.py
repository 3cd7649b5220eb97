"""The graphs of a text classifier.

model   token_ids (batch, seq_len), lengths (batch,)
-> probs (batch, num_classes) [, hidden_states (batch, seq_len, hidden_size)
                              [, ngram_logits (batch, seq_len, num_classes)]]
head    pooled (n, pooled_dim) [, ngram_logits (n, num_classes)] -> probs (n, num_classes)
"""

import numpy as np
from onnx import TensorProto

from training.export.graph import Graph, merge_directions, pooled, stack_layer, token_inputs
from training.export.weights import Location
from training.nets.classifier import FEWEST_TOKENS, ClassifierNetConfig, TextClassifier
from training.tasks.text_classification.ngram_graph import ngram_logits


def add_head(
    graph: Graph,
    pooled: str,
    lengths: str,
    *,
    config: ClassifierNetConfig,
    ngram_logits: str | None,
) -> None:
    """Add dense layers, calibration, the other path's logits and softmax; publish `probs`."""
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
    if ngram_logits is not None:
        logits = graph.op("Add", logits, ngram_logits)
    graph.output("probs", graph.op("Softmax", logits, axis=1), ["batch", config.num_classes])


def classifier_graph(net: TextClassifier, weights: dict[str, Location]) -> bytes:
    """Build a classifier's `model.onnx`."""
    config = net.config
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
    by_token = None if net.ngrams is None else ngram_logits(graph, net.ngrams).logits
    at_end = by_token and row_ends(graph, by_token)
    add_head(graph, features, "lengths", config=config, ngram_logits=at_end)
    if not stack.bidirectional:
        by_text = graph.op("Transpose", states, perm=[1, 0, 2])
        graph.output("hidden_states", by_text, ["batch", "seq_len", stack.hidden_size])
        if by_token is not None:
            shape: list[int | str] = ["batch", "seq_len", config.num_classes]
            graph.output("ngram_logits", by_token, shape)
    return graph.to_bytes("classifier")


def row_ends(graph: Graph, by_token: str) -> str:
    """Return (batch, …) of what there is after each token: that at a row's end."""
    lengths = graph.op("Cast", "lengths", to=TensorProto.INT64)
    last = graph.op("Sub", lengths, graph.constant(1, np.int64))
    places = graph.op("Unsqueeze", last, graph.constant([1], np.int64))
    return graph.op("GatherND", by_token, places, batch_dims=1)


def head_graph(net: TextClassifier, weights: dict[str, Location]) -> bytes:
    """Build a unidirectional classifier's `head.onnx`, for scores after every token.

    Its rows are what one text's tokens pool to after the first, the first two, and so on, so that a
    row's place tells its length.
    """
    graph, config = Graph(weights), net.config
    graph.declare("pooled", TensorProto.FLOAT, ["batch", config.pooled_dim], is_output=False)
    num_rows = graph.op("Squeeze", graph.op("Shape", "pooled", start=0, end=1))
    one = graph.constant(1, np.int32)
    rows = graph.op("Cast", num_rows, to=TensorProto.INT32)
    lengths = graph.op("Range", one, graph.op("Add", rows, one), one)
    by_token = None
    if net.ngrams is not None:
        by_token = "ngram_logits"
        shape: list[int | str] = ["batch", config.num_classes]
        graph.declare(by_token, TensorProto.FLOAT, shape, is_output=False)
    add_head(graph, "pooled", lengths, config=config, ngram_logits=by_token)
    return graph.to_bytes("head")
