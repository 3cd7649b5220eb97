"""The served ONNX graphs, built node by node from a net's configuration.

Building beats tracing here: ONNX's LSTM, GRU and RNN operators take `sequence_lens`, so a padded
batch is exact, and the graphs hold only standard operators. Weights stay in torch's layout in
`weights.safetensors`; the runtime folds the reordering of gates into constants when it loads.

What each task's graphs take and give stands in its own `graph.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from onnx import TensorProto

from model_store.onnx_graph import OPERATORS, OPSET, Attribute, Graph, gates, stacked
from training.nets.config import Cell, StackConfig

__all__ = [
    "LOWEST",
    "OPSET",
    "Graph",
    "RunningPools",
    "joined_pools",
    "merge_directions",
    "pooled",
    "recurrent_layer",
    "running_pools",
    "stack_layer",
    "token_inputs",
]

LOWEST = np.finfo(np.float32).min
"""The maximum of no states."""


def stack_layer(
    graph: Graph, inputs: str, lengths: str, *, config: StackConfig, index: int, state: list[str]
) -> list[str]:
    """Add layer `index` of a net's `stack`; see `recurrent_layer`."""
    paths = [f"stack.forward_layers.{index}"]
    if config.bidirectional:
        paths.append(f"stack.backward_layers.{index}")
    shape = config.cell, config.hidden_size
    return recurrent_layer(graph, inputs, lengths, paths=paths, shape=shape, state=state)


def recurrent_layer(
    graph: Graph,
    inputs: str,
    lengths: str,
    *,
    paths: Sequence[str],
    shape: tuple[Cell, int],
    state: Sequence[str] = (),
) -> list[str]:
    """Add one recurrent layer; return Y (seq_len, directions, batch, hidden_size), Y_h [, Y_c].

    Args:
        graph: Where to.
        inputs: (seq_len, batch, input_size).
        lengths: (batch,) int32.
        paths: Where the weights lie in the net, a `RecurrentLayer` for each direction.
        shape: Kind of its cells, and their number.
        state: Hidden and, for an LSTM, cell (directions, batch, hidden_size) before the first step;
            zeros if left out.
    """
    cell, hidden_size = shape
    weight_ih = stacked(graph, [gates(graph, f"{path}.weight_ih", cell) for path in paths])
    weight_hh = stacked(graph, [gates(graph, f"{path}.weight_hh", cell) for path in paths])
    biases = [
        graph.op(
            "Concat",
            gates(graph, f"{path}.bias_ih", cell),
            gates(graph, f"{path}.bias_hh", cell),
            axis=0,
        )
        for path in paths
    ]
    attributes: dict[str, Attribute] = {
        "hidden_size": hidden_size,
        "direction": "bidirectional" if len(paths) > 1 else "forward",
    }
    if cell == "gru":
        attributes["linear_before_reset"] = 1  # torch applies the reset gate after the product
    return graph.ops(
        OPERATORS[cell],
        *(inputs, weight_ih, weight_hh, stacked(graph, biases), lengths, *state),
        outputs=3 if cell == "lstm" else 2,
        **attributes,
    )


def token_inputs(graph: Graph) -> str:
    """Declare token_ids and lengths; return the embedded tokens (seq_len, batch, dim)."""
    graph.declare("token_ids", TensorProto.INT32, ["batch", "seq_len"], is_output=False)
    graph.declare("lengths", TensorProto.INT32, ["batch"], is_output=False)
    by_step = graph.op("Transpose", "token_ids", perm=[1, 0])
    vectors = graph.op("Gather", graph.raw_weight("stack.embedding.weight"), by_step, axis=0)
    if graph.weights["stack.embedding.weight"].dtype != "F32":
        vectors = graph.op("Cast", vectors, to=TensorProto.FLOAT)
    return vectors


def merge_directions(graph: Graph, states: str, config: StackConfig) -> str:
    """Turn Y (seq_len, directions, batch, hidden_size) into (seq_len, batch, output_dim)."""
    if not config.bidirectional:
        return graph.op("Squeeze", states, graph.constant([1], np.int64))
    by_row = graph.op("Transpose", states, perm=[0, 2, 1, 3])
    shape = graph.constant([0, 0, config.output_dim], np.int64)
    return graph.op("Reshape", by_row, shape)


class RunningPools(NamedTuple):
    """Of the hidden states so far, each (batch, output_dim): their sum and their maximum."""

    total: str
    highest: str


def running_pools(
    graph: Graph, states: str, *, inputs: str, before: RunningPools | None = None
) -> RunningPools:
    """Add up (seq_len, batch, output_dim); padding in `states` is zero.

    ONNX Runtime sums over the first axis in order, so a sum that goes on from one before it has the
    bits of the sum of all.

    Args:
        graph: Where to; its input `lengths` (batch,) says where rows end.
        states: Hidden states of the last layer.
        inputs: The input whose second axis is as long as the states.
        before: What to go on from.
    """
    axis0, axis1, axis2 = (graph.constant([axis], np.int64) for axis in (0, 1, 2))
    seq_len = graph.op("Shape", inputs, start=1, end=2)
    zero, one = graph.constant(0, np.int32), graph.constant(1, np.int32)
    steps = graph.op("Cast", graph.op("Squeeze", seq_len), to=TensorProto.INT32)
    positions = graph.op("Unsqueeze", graph.op("Range", zero, steps, one), axis1)
    mask = graph.op("Less", positions, graph.op("Unsqueeze", "lengths", axis0))
    mask = graph.op("Unsqueeze", mask, axis2)  # (seq_len, batch, 1), True = real token
    masked = graph.op("Where", mask, states, graph.constant(LOWEST, np.float32))
    highest = graph.op("ReduceMax", masked, axis0, keepdims=0)
    if before is not None:
        highest = graph.op("Max", highest, before.highest)
        states = graph.op("Concat", graph.op("Unsqueeze", before.total, axis0), states, axis=0)
    return RunningPools(graph.op("ReduceSum", states, axis0, keepdims=0), highest)


def joined_pools(graph: Graph, last: str, pools: RunningPools, lengths: str) -> str:
    """Return (batch, 3 output_dim): last state, maximum and mean of rows of `lengths` (batch,)."""
    count = graph.op("Cast", lengths, to=TensorProto.FLOAT)
    by_row = graph.op("Unsqueeze", count, graph.constant([1], np.int64))
    mean = graph.op("Div", pools.total, by_row)
    return graph.op("Concat", last, pools.highest, mean, axis=1)


def pooled(graph: Graph, states: str, last: str, *, pooling: str, inputs: str) -> str:
    """Return (batch, pooled_dim) of (seq_len, batch, output_dim).

    Args:
        graph: Where to; its input `lengths` (batch,) says where rows end.
        states: Hidden states of the last layer, zero in the padding.
        last: The last one of each row, (batch, output_dim).
        pooling: "last", or "concat" for last, maximum and mean.
        inputs: The input whose second axis is as long as the states.
    """
    if pooling == "last":
        return last
    return joined_pools(graph, last, running_pools(graph, states, inputs=inputs), "lengths")
