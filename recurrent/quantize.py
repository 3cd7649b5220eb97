"""From a network's float weights to those that the engine runs.

Weights come by the names that trainings give them (`stack.forward_layers.0.weight_ih`, …) in
torch's layout, as 16- or 32-bit floats, and leave by the names that `weights` reads. Every function
raises `ValueError` if a weight is not a finite number, and `KeyError` if one is missing.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurrent.packing import (
    ZERO_POINT,
    Floats,
    by_units,
    pack,
    pad,
    quantize_rows,
    spread,
)
from recurrent.weights import DIRECTIONS, NUM_GATES, Tensors

Named = dict[str, NDArray[Any]]
POOLED_PARTS = 3  # last, maximum and mean


def quantized_classifier(
    state: Tensors, *, cell: str, num_layers: int, num_directions: int, num_dense: int
) -> Named:
    """Return a text classifier in 8 bits; its small head stays in floats.

    Args:
        state: Its weights.
        cell: "rnn", "lstm" or "gru".
        num_layers: Recurrent layers.
        num_directions: 2 where each layer reads backwards as well.
        num_dense: Hidden layers of its head.
    """
    stack = _stack(state, cell=cell, num_layers=num_layers, num_directions=num_directions)
    head: Named = {}
    hidden_size = state["stack.forward_layers.0.weight_hh"].shape[1]
    names = [*(f"dense.{layer}" for layer in range(num_dense)), "output"]
    for layer, name in enumerate(names):
        weights, bias = _floats(state[f"{name}.weight"]), _floats(state[f"{name}.bias"])
        if name == "output" and len(weights) == 1:  # a sigmoid is a softmax over 0 and its input
            weights, bias = (np.concatenate([np.zeros_like(one), one]) for one in (weights, bias))
        parts = (
            [hidden_size] * (weights.shape[1] // hidden_size) if layer == 0 else [weights.shape[1]]
        )
        by_input = pad(spread(weights, parts), axis=0).T
        head[f"head.{layer}.weight"] = np.ascontiguousarray(by_input)
        head[f"head.{layer}.bias"] = pad(bias, axis=0)
    kept = {name: value for name, value in state.items() if name.startswith("ngrams.")}
    if "ngrams.bias" in kept:
        kept["ngrams.bias"] = _floats(kept["ngrams.bias"])
    temperature = [state["temperature"], state["temperature_slope"]]
    return (
        stack
        | _embedding(state)
        | head
        | kept
        | {"temperature": _floats(np.concatenate(temperature))}
    )


def quantized_language_model(state: Tensors, *, cell: str, num_layers: int, is_tied: bool) -> Named:
    """Return a language model in 8 bits.

    Args:
        state: Its weights.
        cell: "rnn", "lstm" or "gru".
        num_layers: Recurrent layers.
        is_tied: Whether its decoder is the embedding; then it is stored once.
    """
    stack = _stack(state, cell=cell, num_layers=num_layers, num_directions=1)
    weights = _floats(state["stack.embedding.weight" if is_tied else "decoder.weight"])
    rows = pad(spread(weights, [weights.shape[1]]), axis=0)
    decoder = _matrix("decoder", rows, pad(_floats(state["decoder.bias"]), axis=0))
    return stack | decoder | ({} if is_tied else _embedding(state))


def _stack(state: Tensors, *, cell: str, num_layers: int, num_directions: int) -> Named:
    directions = DIRECTIONS[:num_directions]
    hidden_size = state["stack.forward_layers.0.weight_hh"].shape[1]
    tensors: Named = {}
    for layer in range(num_layers):
        for direction in directions:
            path = f"stack.{direction}_layers.{layer}"
            below = [hidden_size] * len(directions)
            parts = below if layer else [state[f"{path}.weight_ih"].shape[1]]
            for kind, ending, widths in (("input", "ih", parts), ("hidden", "hh", [hidden_size])):
                weights = spread(_floats(state[f"{path}.weight_{ending}"]), widths)
                bias = _floats(state[f"{path}.bias_{ending}"])
                rows = (by_units(one, NUM_GATES[cell]) for one in (weights, bias))
                tensors |= _matrix(f"layers.{layer}.{direction}.{kind}", *rows)
    return tensors


def _embedding(state: Tensors) -> Named:
    weights = _floats(state["stack.embedding.weight"])
    whole, scales = quantize_rows(spread(weights, [weights.shape[1]]))
    shifted = (whole.astype(np.int16) + ZERO_POINT).astype(np.uint8)
    return {"embedding.shifted": shifted, "embedding.scales": scales}


def _matrix(name: str, weights: Floats, bias: Floats) -> Named:
    whole, scales = quantize_rows(weights)
    return {f"{name}.packed": pack(whole), f"{name}.scales": scales, f"{name}.bias": bias}


def _floats(array: NDArray[Any]) -> Floats:
    if not np.isfinite(array).all():
        raise ValueError("a weight is not a finite number")
    return array.astype(np.float32)
