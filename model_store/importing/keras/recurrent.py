"""Keras' recurrent layers: their flags, and their weights in torch's layout.

Keras keeps matrices (inputs, gates * units) with gates i f c o (LSTM) and z r h (GRU).
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from model_store.config import Cell
from model_store.importing.keras.activations import activation_of
from model_store.importing.keras.source import Layer
from model_store.importing.network import GATES, SIGMOID, Array, Direction, Recurrent

CELLS: Mapping[str, Cell] = {"SimpleRNN": "rnn", "LSTM": "lstm", "GRU": "gru"}
GATE_ORDER = {"rnn": [0], "lstm": [0, 1, 2, 3], "gru": [1, 0, 2]}
"""Places of torch's gates among those of Keras."""

MERGES = ("concat", "sum", "mul", "ave")
REFUSED_FLAGS = {
    "stateful": "it carries its state from call to call, so that answers depend on earlier ones",
    "return_state": "it gives its state beside its outputs",
    "time_major": "its sequences lie time first",
}


def recurrent(layer: Layer, *, is_inner: bool = False) -> Recurrent:
    """Read a layer of one direction; raises `Refused`."""
    config = layer.config
    for flag, reason in REFUSED_FLAGS.items():
        if config.get(flag):
            raise layer.refused(
                f"{flag}=True: {reason}",
                f"Build the same layers without {flag}, set_weights from these, and save",
            )
    cell = CELLS[layer.kind]
    gate_activation = SIGMOID
    if cell != "rnn":
        gate_activation = activation_of(layer, "recurrent_activation", "sigmoid", in_cell=True)
    reset_after = bool(config.get("reset_after", False)) if cell == "gru" else True
    return Recurrent(
        cell,
        _direction(layer, cell, reset_after=reset_after, part="" if is_inner else "cell"),
        activation=activation_of(layer, "activation", "tanh", in_cell=True),
        gate_activation=gate_activation,
        reset_after=reset_after,
        go_backwards=bool(config.get("go_backwards", False)),
        return_sequences=bool(config.get("return_sequences", False)),
        zero_masked=bool(config.get("zero_output_for_mask", False)),
    )


def bidirectional(layer: Layer) -> Recurrent:
    """Read a layer of two directions; raises `Refused`."""
    merge = layer.config.get("merge_mode", "concat")
    if merge not in MERGES:
        raise layer.refused(
            f"merge_mode={merge!r} gives both directions apart", f"Use one of {', '.join(MERGES)}"
        )
    inner = layer.inner("layer")
    outer = inner if layer.config.get("backward_layer") is None else layer.inner("backward_layer")
    if inner.kind not in CELLS or outer.kind != inner.kind:
        raise layer.refused(
            f"it reads with {inner.kind} forwards and {outer.kind} backwards",
            f"Both may be one of {', '.join(CELLS)}",
        )
    forward = recurrent(_side(layer, inner, "forward_layer"), is_inner=True)
    backward = recurrent(_side(layer, outer, "backward_layer"), is_inner=True)
    if forward.go_backwards or _kind(forward) != _kind(backward):
        raise layer.refused(
            "its two directions are not alike, or both read backwards",
            "Use two layers, one with go_backwards=True, and a Concatenate",
        )
    return replace(
        forward,
        backward=backward.forward,
        merge=str(merge),
        zero_masked=forward.return_sequences,  # as Bidirectional sets it, whatever the layer says
    )


def _kind(operation: Recurrent) -> tuple[object, ...]:
    """Return what both directions of a layer must have alike."""
    size = operation.forward.hidden_size
    return operation.activation, operation.gate_activation, operation.reset_after, size


def _side(layer: Layer, inner: Layer, part: str) -> Layer:
    return Layer(inner.entry, layer.weights, layer.major, layer.rank, (layer.entry, part))


def _direction(layer: Layer, cell: Cell, *, reset_after: bool, part: str) -> Direction:
    """Read the weights of one direction."""
    has_bias = bool(layer.config.get("use_bias", True))
    names = ["kernel", "recurrent_kernel", *(["bias"] if has_bias else [])]
    kernel, recurrent_kernel, *biases = layer.arrays(*names, part=part)
    size = recurrent_kernel.shape[0]
    width = GATES[cell] * size
    bias = biases[0] if biases else np.zeros(width, np.float32)
    both = (2, width) if cell == "gru" and reset_after and biases else (width,)
    if (kernel.shape[1], recurrent_kernel.shape[1], bias.shape) != (width, width, both):
        raise layer.refused(
            f"its weights are {kernel.shape}, {recurrent_kernel.shape} and {bias.shape}, which no "
            f"{layer.kind} of {size} units has",
            "Save the whole model again",
        )
    bias_ih, bias_hh = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    order = GATE_ORDER[cell]
    return Direction(
        _ordered(kernel.T, order),
        _ordered(recurrent_kernel.T, order),
        _ordered(bias_ih, order),
        _ordered(bias_hh, order),
    )


def _ordered(array: Array, order: list[int]) -> Array:
    parts = np.split(array, len(order), axis=0)
    return np.concatenate([parts[place] for place in order], axis=0)
