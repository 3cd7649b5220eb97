"""A recurrent layer of an imported network as nodes of a graph."""

import numpy as np
from onnx import TensorProto

from model_store.importing.functions import in_cells
from model_store.importing.network import Recurrent
from model_store.importing.steps import Steps
from model_store.importing.weights import DIRECTIONS
from model_store.onnx_graph import OPERATORS, Attribute, Graph, gates, stacked


def add_recurrent(
    graph: Graph, operation: Recurrent, inputs: str, *, name: str, mask: str | None, steps: Steps
) -> str:
    """Add a layer; return its outputs (seq_len, batch, width), or the last one (batch, width).

    Args:
        graph: Where to.
        operation: The layer.
        inputs: (seq_len, batch, input_size).
        name: Path of its weights, with `{}` for the direction.
        mask: Which steps it reads; None for all inside of a row.
        steps: Of this graph.
    """
    lengths = "lengths" if mask is None else steps.count(mask)
    if mask is not None:
        inputs = steps.together(mask, inputs)
    if operation.go_backwards:
        longs = graph.op("Cast", lengths, to=TensorProto.INT64)
        inputs = graph.op("ReverseSequence", inputs, longs, time_axis=0, batch_axis=1)
    every, last = _node(graph, operation, inputs, lengths=lengths, name=name)
    if not operation.return_sequences:
        return _merged(graph, operation, last, axis=0)
    if mask is None:
        return _merged(graph, operation, every, axis=1)
    return _merged(graph, operation, _apart(graph, operation, every, mask, steps), axis=1)


def _node(
    graph: Graph, operation: Recurrent, inputs: str, *, lengths: str, name: str
) -> tuple[str, str]:
    """Add the node; return Y (seq_len, directions, batch, size) and Y_h without seq_len."""
    cell = operation.cell
    paths = [name.format(side) for side in DIRECTIONS[: len(operation.directions)]]
    weight_ih = stacked(graph, [gates(graph, f"{path}.weight_ih", cell) for path in paths])
    weight_hh = stacked(graph, [gates(graph, f"{path}.weight_hh", cell) for path in paths])
    biases = [
        graph.op(
            "Concat",
            *(gates(graph, f"{path}.{one}", cell) for one in ("bias_ih", "bias_hh")),
            axis=0,
        )
        for path in paths
    ]
    f, g = operation.gate_activation, operation.activation
    kinds = {"rnn": [g], "gru": [f, g], "lstm": [f, g, g]}[cell] * len(paths)
    attributes: dict[str, Attribute] = {
        "hidden_size": operation.forward.hidden_size,
        "direction": "bidirectional" if len(paths) > 1 else "forward",
        **in_cells(kinds),
    }
    if cell == "gru":
        attributes["linear_before_reset"] = int(operation.reset_after)
    weights = weight_ih, weight_hh, stacked(graph, biases)
    num_outputs = 3 if cell == "lstm" else 2
    kind, given = OPERATORS[cell], (inputs, *weights, lengths)
    outputs = graph.ops(kind, *given, outputs=num_outputs, **attributes)
    return outputs[0], outputs[1]


def _apart(graph: Graph, operation: Recurrent, every: str, mask: str, steps: Steps) -> str:
    """Return Y with each step where it stood before the mask."""
    sides = [every]
    if operation.backward is not None:
        sides = graph.ops("Split", every, outputs=2, axis=1, num_outputs=2)
    axis = graph.constant([1], np.int64)
    found = []
    for place, side in enumerate(sides):
        values = graph.op("Squeeze", side, axis)
        values = steps.apart(mask, values, backwards=place == 1)
        if operation.zero_masked:
            values = steps.where(mask, values, 0.0)
        found.append(graph.op("Unsqueeze", values, axis))
    return found[0] if len(found) == 1 else graph.op("Concat", *found, axis=1)


def _merged(graph: Graph, operation: Recurrent, value: str, *, axis: int) -> str:
    """Make one of both directions, which lie along `axis`."""
    axes = graph.constant([axis], np.int64)
    if operation.backward is None:
        return graph.op("Squeeze", value, axes)
    both = graph.ops("Split", value, outputs=2, axis=axis, num_outputs=2)
    forward, backward = (graph.op("Squeeze", one, axes) for one in both)
    if operation.merge == "concat":
        return graph.op("Concat", forward, backward, axis=-1)
    kind = {"sum": "Sum", "mul": "Mul", "ave": "Mean"}[operation.merge]
    return graph.op(kind, forward, backward)
