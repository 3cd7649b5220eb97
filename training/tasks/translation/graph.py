"""The graphs of a translator: one reads whole sources, the other takes single steps of the target.

model     token_ids (batch, seq_len), lengths (batch,)
          -> hidden [, cell] (num_layers, batch, hidden_size),
             memory (batch, max_source_tokens, hidden_size), memory_mask (batch, max_source_tokens)
decoder   token_ids (batch, 1), hidden [, cell], memory, memory_mask
          -> logits (batch, vocab_size), hidden_out [, cell_out],
             attention (batch, max_source_tokens)

The memory is as long for a short source as for a long one, and every product over it is one row's
own, so that a row's numbers do not depend on its neighbours.
"""

import numpy as np
from onnx import TensorProto

from training.export.graph import (
    Graph,
    merge_directions,
    recurrent_layer,
    stack_layer,
    token_inputs,
)
from training.export.weights import Location
from training.nets.attention import MASKED
from training.nets.translator import TranslatorConfig

EMBEDDING = "stack.embedding.weight"


def encoder_graph(config: TranslatorConfig, weights: dict[str, Location]) -> bytes:
    """Build a translator's `model.onnx`, which reads sources."""
    graph, stack = Graph(weights), config.encoder
    states, last = _scaled(graph, token_inputs(graph), config), ""
    for index in range(stack.num_layers):
        outputs = stack_layer(graph, states, "lengths", config=stack, index=index, state=[])
        states, last = merge_directions(graph, outputs[0], stack), outputs[1]
    _start_states(graph, last, config)
    by_row = graph.op("Transpose", states, perm=[1, 0, 2])
    remember = graph.op("Transpose", graph.weight("remember.weight"), perm=[1, 0])
    memory = graph.op("MatMul", by_row, remember)  # zero behind a source, as ONNX's layers are
    shape: list[int | str] = ["batch", config.max_source_tokens]
    graph.output("memory", _padded(graph, memory, config), [*shape, config.hidden_size])
    graph.output("memory_mask", _mask(graph, config), shape)
    return graph.to_bytes("encoder")


def _start_states(graph: Graph, last: str, config: TranslatorConfig) -> None:
    """Publish the decoder's first states, made of both directions' ends (2, batch, size)."""
    by_row = graph.op("Transpose", last, perm=[1, 0, 2])
    ends = graph.op("Reshape", by_row, graph.constant([0, config.encoder.output_dim], np.int64))
    by_layer = graph.constant([0, config.num_layers, config.hidden_size], np.int64)
    for kind in config.state_kinds:
        made = graph.op("Tanh", graph.linear(ends, f"start.{kind}"))
        states = graph.op("Transpose", graph.op("Reshape", made, by_layer), perm=[1, 0, 2])
        graph.output(kind, states, [config.num_layers, "batch", config.hidden_size])


def _padded(graph: Graph, memory: str, config: TranslatorConfig) -> str:
    """Return (batch, seq_len, hidden_size) with zeros up to max_source_tokens places."""
    seq_len = graph.op("Shape", "token_ids", start=1, end=2)
    missing = graph.op("Sub", graph.constant([config.max_source_tokens], np.int64), seq_len)
    none = graph.constant([0, 0, 0, 0], np.int64)
    after = graph.constant([0], np.int64)
    return graph.op("Pad", memory, graph.op("Concat", none, missing, after, axis=0))


def _mask(graph: Graph, config: TranslatorConfig) -> str:
    """Return (batch, max_source_tokens), 0 at real tokens and -1e9 behind them."""
    bounds = (graph.constant(bound, np.int32) for bound in (0, config.max_source_tokens, 1))
    positions = graph.op("Unsqueeze", graph.op("Range", *bounds), graph.constant([0], np.int64))
    ends = graph.op("Unsqueeze", "lengths", graph.constant([1], np.int64))
    is_real = graph.op("Less", positions, ends)
    return graph.op(
        "Where", is_real, graph.constant(0.0, np.float32), graph.constant(MASKED, np.float32)
    )


def decoder_graph(config: TranslatorConfig, weights: dict[str, Location]) -> bytes:
    """Build a translator's `decoder.onnx`, which takes one step of each row."""
    graph = Graph(weights)
    inputs = _decoder_inputs(graph, config)
    context, ends = "", []
    for index in range(config.num_layers):
        place = graph.constant([index], np.int64)
        outputs = recurrent_layer(
            graph,
            graph.op("Concat", inputs, context, axis=2) if index == 1 else inputs,
            "",  # every row takes one step
            paths=[f"decoder_layers.{index}"],
            shape=(config.cell, config.hidden_size),
            state=[graph.op("Gather", kind, place, axis=0) for kind in config.state_kinds],
        )
        inputs = outputs[1]  # (1, batch, hidden_size)
        ends.append(outputs[1:])
        if index == 0:
            context = _context(graph, inputs, config)
    both = graph.op("Concat", inputs, context, axis=2)
    rows = graph.op("Squeeze", both, graph.constant([0], np.int64))
    features = _scaled(graph, graph.linear(rows, "combine"), config)
    bias = graph.weight("output_bias")
    logits = graph.op("Gemm", features, graph.weight(EMBEDDING), bias, transB=1)
    graph.output("logits", logits, ["batch", config.vocab_size])
    for place_of, kind in enumerate(config.state_kinds):
        after = graph.op("Concat", *(end[place_of] for end in ends), axis=0)
        graph.output(f"{kind}_out", after, [config.num_layers, "batch", config.hidden_size])
    return graph.to_bytes("decoder")


def _decoder_inputs(graph: Graph, config: TranslatorConfig) -> str:
    """Declare what a step takes; return the embedded tokens (1, batch, embedding_dim)."""
    graph.declare("token_ids", TensorProto.INT32, ["batch", 1], is_output=False)
    for kind in config.state_kinds:
        shape: list[int | str] = [config.num_layers, "batch", config.hidden_size]
        graph.declare(kind, TensorProto.FLOAT, shape, is_output=False)
    places: list[int | str] = ["batch", config.max_source_tokens]
    graph.declare("memory", TensorProto.FLOAT, [*places, config.hidden_size], is_output=False)
    graph.declare("memory_mask", TensorProto.FLOAT, places, is_output=False)
    by_step = graph.op("Transpose", "token_ids", perm=[1, 0])
    vectors = graph.op("Gather", graph.raw_weight(EMBEDDING), by_step, axis=0)
    if graph.weights[EMBEDDING].dtype != "F32":
        vectors = graph.op("Cast", vectors, to=TensorProto.FLOAT)
    return _scaled(graph, vectors, config)


def _scaled(graph: Graph, vectors: str, config: TranslatorConfig) -> str:
    """Return vectors on the embedding's side, multiplied as the net multiplies them."""
    return graph.op("Mul", vectors, graph.constant(config.embedding_scale, np.float32))


def _context(graph: Graph, queries: str, config: TranslatorConfig) -> str:
    """Attend; publish `attention`, return contexts (1, batch, hidden_size) of (1, batch, …)."""
    axis1, axis2 = (graph.constant([axis], np.int64) for axis in (1, 2))
    columns = graph.op("Transpose", queries, perm=[1, 2, 0])  # (batch, hidden_size, 1)
    scores = graph.op("Squeeze", graph.op("MatMul", "memory", columns), axis2)
    attention = graph.op("Softmax", graph.op("Add", scores, "memory_mask"), axis=1)
    graph.output("attention", attention, ["batch", config.max_source_tokens])
    weights = graph.op("Unsqueeze", attention, axis1)  # (batch, 1, max_source_tokens)
    return graph.op("Transpose", graph.op("MatMul", weights, "memory"), perm=[1, 0, 2])
