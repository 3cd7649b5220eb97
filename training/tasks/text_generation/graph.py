"""The graph of a language model, which reads prompts and takes single steps.

model   token_ids (batch, seq_len), lengths (batch,), hidden [, cell] (num_layers, batch, size)
-> logits (batch, vocab_size), hidden_out [, cell_out]
"""

import numpy as np
from onnx import TensorProto

from training.export.graph import Graph, merge_directions, stack_layer, token_inputs
from training.export.weights import Location
from training.nets.language_model import LanguageModelConfig


def generator_graph(config: LanguageModelConfig, weights: dict[str, Location]) -> bytes:
    """Build a generator's `model.onnx`: the same graph reads prompts and takes single steps."""
    graph, stack = Graph(weights), config.stack
    states = token_inputs(graph)
    kinds = ["hidden", "cell"] if stack.cell == "lstm" else ["hidden"]
    shape: list[int | str] = [stack.num_layers, "batch", stack.hidden_size]
    for kind in kinds:
        graph.declare(kind, TensorProto.FLOAT, shape, is_output=False)
    ends: list[list[str]] = []
    for index in range(stack.num_layers):
        place = graph.constant([index], np.int64)
        before = [graph.op("Gather", kind, place, axis=0) for kind in kinds]
        outputs = stack_layer(graph, states, "lengths", config=stack, index=index, state=before)
        states = merge_directions(graph, outputs[0], stack)
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
