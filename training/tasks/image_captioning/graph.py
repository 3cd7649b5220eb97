"""The graphs of a captioner.

model     values (batch, num_features) -> hidden [, cell] (num_layers, batch, hidden_size)
decoder   token_ids (batch, seq_len), lengths (batch,), hidden [, cell]
-> logits (batch, vocab_size), hidden_out [, cell_out]
"""

import numpy as np
from onnx import TensorProto

from training.export.graph import Graph, stack_layer
from training.export.weights import Location
from training.nets.captioner import CaptionNetConfig
from training.nets.language_model import LanguageModelConfig
from training.tasks.sequence_classification.graph import standardized
from training.tasks.text_generation.graph import generator_graph


def image_graph(config: CaptionNetConfig, weights: dict[str, Location]) -> bytes:
    """Build `model.onnx`: the state after an image."""
    graph, stack = Graph(weights), config.stack
    graph.declare("values", TensorProto.FLOAT, ["batch", config.num_features], is_output=False)
    seen = graph.op("Relu", graph.linear(standardized(graph, "values"), "image"))
    vector = graph.op("Tanh", graph.linear(seen, "project"))
    states = graph.op("Unsqueeze", vector, graph.constant([0], np.int64))  # (1, batch, dim)
    ends: list[list[str]] = []
    for index in range(stack.num_layers):
        outputs = stack_layer(graph, states, "", config=stack, index=index, state=[])
        states = graph.op("Squeeze", outputs[0], graph.constant([1], np.int64))
        ends.append(outputs[1:])
    kinds = ["hidden", "cell"] if stack.cell == "lstm" else ["hidden"]
    shape: list[int | str] = [stack.num_layers, "batch", stack.hidden_size]
    for place, kind in enumerate(kinds):
        graph.output(kind, graph.op("Concat", *(end[place] for end in ends), axis=0), shape)
    return graph.to_bytes("image")


def decoder_graph(config: CaptionNetConfig, weights: dict[str, Location]) -> bytes:
    """Build `decoder.onnx`: a language model that goes on from there."""
    return generator_graph(LanguageModelConfig(config.stack), weights)
