"""The graph of a text classifier that goes on within a text.

resume  token_ids (batch, seq_len), lengths (batch,), count (batch,) tokens read before,
        hidden [, cell] (num_layers, batch, hidden_size)
        [, total, highest (batch, hidden_size)]                    pooling "concat"
        [, ngram_ids (batch, ngrams - 1), ngram_sums (batch, num_classes + 1)]
-> probs (batch, num_classes), and each float array above after the last token, as NAME_out

Its answers have the bits of `model.onnx`, wherever the text is cut. That holds for LSTM and GRU;
the plain RNN operator differs in the last bits by how much it reads at once, and a bidirectional
network has no state before the text's end: those have no such graph.
"""

import numpy as np
from onnx import TensorProto

from training.export.graph import (
    Graph,
    RunningPools,
    joined_pools,
    merge_directions,
    running_pools,
    stack_layer,
    token_inputs,
)
from training.export.weights import Location
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.tasks.text_classification.graph import add_head, row_ends
from training.tasks.text_classification.ngram_graph import Carried, ngram_logits

RESUME = "resume.onnx"


def can_resume(config: ClassifierNetConfig) -> bool:
    """Tell whether such a network can go on within a text with the same bits."""
    return config.stack.cell != "rnn" and not config.stack.bidirectional


def resume_graph(net: TextClassifier, weights: dict[str, Location]) -> bytes:
    """Build a classifier's `resume.onnx`; see `can_resume`."""
    config = net.config
    graph, batch = Graph(weights), "batch"
    states = token_inputs(graph)
    graph.declare("count", TensorProto.INT32, [batch], is_output=False)
    states, last = _layers(graph, states, config)
    counted = graph.op("Add", "lengths", "count")
    features = last
    if config.pooling == "concat":
        before = RunningPools("total", "highest")
        shape: list[int | str] = [batch, config.stack.output_dim]
        for name in before:
            graph.declare(name, TensorProto.FLOAT, shape, is_output=False)
        pools = running_pools(graph, states, inputs="token_ids", before=before)
        for name, value in zip(before, pools, strict=True):
            graph.output(f"{name}_out", value, shape)
        features = joined_pools(graph, last, pools, counted)
    added = None if net.ngrams is None else _ngrams(graph, net)
    add_head(graph, features, counted, config=config, ngram_logits=added)
    return graph.to_bytes("resume")


def _layers(graph: Graph, states: str, config: ClassifierNetConfig) -> tuple[str, str]:
    """Add the recurrent layers; return all states of the last one, and each row's last."""
    stack = config.stack
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
    for place_of, kind in enumerate(kinds):
        after = graph.op("Concat", *(end[place_of] for end in ends), axis=0)
        graph.output(f"{kind}_out", after, shape)
    return states, graph.op("Squeeze", ends[-1][0], graph.constant([0], np.int64))


def _ngrams(graph: Graph, net: TextClassifier) -> str:
    """Add the linear path; return its logits at each row's end."""
    assert net.ngrams is not None
    before = Carried("ngram_ids", "count", "ngram_sums")
    if net.ngrams.max_order > 1:
        places: list[int | str] = ["batch", net.ngrams.max_order - 1]
        graph.declare(before.ids, TensorProto.INT32, places, is_output=False)
    shape: list[int | str] = ["batch", net.ngrams.table.shape[1]]
    graph.declare(before.sums, TensorProto.FLOAT, shape, is_output=False)
    after = ngram_logits(graph, net.ngrams, before)
    graph.output(f"{before.sums}_out", row_ends(graph, after.sums), shape)
    return row_ends(graph, after.logits)
