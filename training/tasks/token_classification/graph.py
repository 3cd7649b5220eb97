"""The graph of a tagger.

model   word_ids (batch, num_words), char_ids (batch, num_words, max_word_chars),
char_lengths (batch, num_words), lengths (batch,)
-> probs (batch, num_words, num_labels)
"""

import numpy as np
from onnx import TensorProto

from training.export.graph import Graph, merge_directions, recurrent_layer, stack_layer
from training.export.weights import Location
from training.nets.tagger import TaggerNetConfig


def embedded(graph: Graph, name: str, ids: str) -> str:
    """Return the vectors of ids, in float32."""
    vectors = graph.op("Gather", graph.raw_weight(name), ids, axis=0)
    if graph.weights[name].dtype != "F32":
        vectors = graph.op("Cast", vectors, to=TensorProto.FLOAT)
    return vectors


def tagger_graph(
    config: TaggerNetConfig, weights: dict[str, Location], *, max_word_chars: int
) -> bytes:
    """Build `model.onnx`."""
    graph, stack = Graph(weights), config.stack
    words: list[int | str] = ["batch", "num_words"]
    graph.declare("word_ids", TensorProto.INT32, words, is_output=False)
    graph.declare("char_ids", TensorProto.INT32, [*words, max_word_chars], is_output=False)
    graph.declare("char_lengths", TensorProto.INT32, words, is_output=False)
    graph.declare("lengths", TensorProto.INT32, ["batch"], is_output=False)
    by_word = graph.op("Reshape", "char_ids", graph.constant([-1, max_word_chars], np.int64))
    steps = graph.op("Transpose", by_word, perm=[1, 0])  # (max_word_chars, words)
    counts = graph.op("Reshape", "char_lengths", graph.constant([-1], np.int64))
    vectors = embedded(graph, "characters.embedding.weight", steps)
    paths = [f"characters.{way}_layers.0" for way in ("forward", "backward")]
    shape = config.cell, config.character_hidden_size
    last = recurrent_layer(graph, vectors, counts, paths=paths, shape=shape)[1]
    spelled = graph.op("Transpose", last, perm=[1, 0, 2])  # (words, 2, size)
    sizes = graph.op("Shape", "word_ids")
    width = graph.constant([2 * config.character_hidden_size], np.int64)
    spelled = graph.op("Reshape", spelled, graph.op("Concat", sizes, width, axis=0))
    both = graph.op("Concat", embedded(graph, "words.weight", "word_ids"), spelled, axis=2)
    states = graph.op("Transpose", both, perm=[1, 0, 2])
    for index in range(stack.num_layers):
        outputs = stack_layer(graph, states, "lengths", config=stack, index=index, state=[])
        states = merge_directions(graph, outputs[0], stack)
    by_text = graph.op("Transpose", states, perm=[1, 0, 2])
    flat = graph.op("Reshape", by_text, graph.constant([-1, stack.output_dim], np.int64))
    probs = graph.op("Softmax", graph.linear(flat, "output"), axis=1)
    labels = graph.constant([config.num_labels], np.int64)
    shaped = graph.op("Reshape", probs, graph.op("Concat", sizes, labels, axis=0))
    graph.output("probs", shaped, [*words, config.num_labels])
    return graph.to_bytes("tagger")
