"""The answers of a network, worked out step by step in double precision.

Slow, plain, and apart from the graph, which must agree with it.

Every step of an input is looked at, masked ones included, as Keras does it: a mask holds a state
where it is. Equations: Hochreiter and Schmidhuber 1997, Gers et al. 2000 (LSTM), Cho et al. 2014
(GRU), Ioffe and Szegedy 2015, Ba et al. 2016.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import erf, sqrt
from typing import Any

import numpy as np

from model_store.importing.network import (
    Activate,
    Activation,
    Array,
    Direction,
    Embed,
    Join,
    Linear,
    MaskRows,
    Network,
    Normalize,
    Operation,
    Pool,
    Recurrent,
    Scale,
)

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017


def _sigmoid(x: Array) -> Array:
    return np.exp(-np.logaddexp(0.0, -x))


def _softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


_ERF = np.vectorize(erf, otypes=[float])

FUNCTIONS: Mapping[str, Callable[[Array, Activation], Array]] = {
    "linear": lambda x, _: x,
    "relu": lambda x, _: np.maximum(x, 0),
    "relu6": lambda x, _: np.clip(x, 0, 6),
    "leaky_relu": lambda x, f: np.where(x > 0, x, f.alpha * x),
    "tanh": lambda x, _: np.tanh(x),
    "sigmoid": lambda x, _: _sigmoid(x),
    "hard_sigmoid": lambda x, f: np.clip(f.alpha * x + f.beta, 0, 1),
    "softmax": lambda x, _: _softmax(x),
    "softplus": lambda x, _: np.logaddexp(0.0, x),
    "softsign": lambda x, _: x / (1 + np.abs(x)),
    "exponential": lambda x, _: np.exp(x),
    "elu": lambda x, f: _elu(x, f.alpha),
    "selu": lambda x, _: SELU_SCALE * _elu(x, SELU_ALPHA),
    "silu": lambda x, _: x * _sigmoid(x),
    "gelu": lambda x, _: x * (1 + _ERF(x / sqrt(2))) / 2,
}
"""Every activation that is known, by its name in Keras."""


def activate(x: Array, activation: Activation) -> Array:
    """Return an activation of numbers."""
    return np.asarray(FUNCTIONS[activation.name](x, activation))


@dataclass(frozen=True, eq=False, slots=True)
class _Value:
    """Numbers (batch, [seq_len,] width), and a mask (batch, seq_len), True where a step counts."""

    numbers: Array
    mask: Array | None = None


def answers(network: Network, inputs: Array) -> Array:
    """Return (batch, num_classes) probabilities.

    Args:
        network: What to answer with.
        inputs: (batch, seq_len) token ids, (batch, seq_len, num_features) or (batch, num_features),
            of the same length, as the network's framework would be given them.
    """
    values: list[_Value] = []
    first = _Value(inputs if network.inputs == "tokens" else inputs.astype(np.float64))
    with np.errstate(over="ignore"):
        for step in network.steps:
            given = [first if place < 0 else values[place] for place in step.inputs]
            values.append(_run(step.operation, given))
    logits = values[-1].numbers
    if network.ending == "softmax":
        return _softmax(logits)
    positive = _sigmoid(logits)
    return np.concatenate([1 - positive, positive], axis=1)


def _run(operation: Operation, given: Sequence[_Value]) -> _Value:
    value = given[0]
    x = value.numbers
    if isinstance(operation, Embed):
        return _Value(_wide(operation.table)[x], x != 0 if operation.mask_zero else None)
    if isinstance(operation, MaskRows):
        mask = (x != np.float32(operation.value)).any(axis=2)
        return _Value(np.where(mask[:, :, None], x, 0.0), mask)
    if isinstance(operation, Recurrent):
        return _recurrent(operation, value)
    if isinstance(operation, Pool):
        return _Value(_pool(operation.kind, value))
    if isinstance(operation, Join):
        return _Value(_join(operation.kind, [one.numbers for one in given]), value.mask)
    return _Value(_each(operation, x), value.mask)


def _each(operation: Any, x: Array) -> Array:
    """Run an operation that does to each vector what it does to any."""
    if isinstance(operation, Linear):
        return np.asarray(x @ _wide(operation.weight).T + operation.bias)
    if isinstance(operation, Scale):
        return np.asarray(x * operation.scale + operation.shift)
    if isinstance(operation, Normalize):
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + operation.epsilon)
        return np.asarray(centred / deviation * operation.scale + operation.shift)
    assert isinstance(operation, Activate)
    return activate(x, operation.activation)


def _pool(kind: str, value: _Value) -> Array:
    x = value.numbers
    if kind == "max":
        return np.asarray(x.max(axis=1))
    if kind == "last":
        return x[:, -1]
    if value.mask is None:
        return np.asarray(x.mean(axis=1))
    counts = value.mask.sum(axis=1, keepdims=True)
    return np.asarray((x * value.mask[:, :, None]).sum(axis=1) / counts)


def _join(kind: str, arrays: Sequence[Array]) -> Array:
    if kind == "concat":
        return np.concatenate(arrays, axis=-1)
    stacked = np.stack(arrays)
    by_kind: dict[str, Callable[..., Array]] = {
        "add": stacked.sum, "multiply": stacked.prod, "average": stacked.mean,
        "maximum": stacked.max, "minimum": stacked.min,
    }  # fmt: skip
    return np.asarray(by_kind[kind](axis=0))


def _recurrent(operation: Recurrent, value: _Value) -> _Value:
    outputs, last = _read(operation, operation.forward, value, backwards=operation.go_backwards)
    if operation.backward is not None:
        others, other_last = _read(operation, operation.backward, value, backwards=True)
        outputs = _join(MERGES[operation.merge], [outputs, others[:, ::-1]])
        last = _join(MERGES[operation.merge], [last, other_last])
    return _Value(outputs, value.mask) if operation.return_sequences else _Value(last)


MERGES = {"concat": "concat", "sum": "add", "mul": "multiply", "ave": "average"}


def _read(
    operation: Recurrent, weights: Direction, value: _Value, *, backwards: bool
) -> tuple[Array, Array]:
    """Return the outputs (batch, seq_len, hidden_size) in the order of reading, and the last."""
    order = slice(None, None, -1 if backwards else 1)
    x = value.numbers[:, order]
    batch, seq_len, _ = x.shape
    mask = np.ones((batch, seq_len), bool) if value.mask is None else value.mask[:, order]
    states = [np.zeros((batch, weights.hidden_size))] * 2
    output = states[0]
    outputs = np.empty((batch, seq_len, weights.hidden_size))
    for place in range(seq_len):
        counts = mask[:, place, None]
        stepped = _step(operation, weights, x[:, place], states)
        states = [np.where(counts, new, old) for new, old in zip(stepped, states, strict=True)]
        output = np.where(counts, stepped[0], output)
        is_zero = operation.zero_masked
        outputs[:, place] = np.where(counts, stepped[0], 0.0) if is_zero else output
    return outputs, output


def _step(
    operation: Recurrent, weights: Direction, x: Array, states: Sequence[Array]
) -> list[Array]:
    """Return hidden and cell after one step; without a cell the hidden state twice."""
    f, g = operation.gate_activation, operation.activation
    hidden, cell = states
    below = x @ _wide(weights.weight_ih).T + weights.bias_ih
    weight_hh, bias_hh = _wide(weights.weight_hh), weights.bias_hh
    beside = hidden @ weight_hh.T + bias_hh
    if operation.cell == "rnn":
        hidden = activate(below + beside, g)
        return [hidden, hidden]
    if operation.cell == "lstm":
        i, forget, new, o = np.split(below + beside, 4, axis=1)
        cell = activate(forget, f) * cell + activate(i, f) * activate(new, g)
        return [activate(o, f) * activate(cell, g), cell]
    (r_below, z_below, n_below), size = np.split(below, 3, axis=1), weights.hidden_size
    r_beside, z_beside, n_beside = np.split(beside, 3, axis=1)
    reset, update = activate(r_below + r_beside, f), activate(z_below + z_beside, f)
    if operation.reset_after:
        new = activate(n_below + reset * n_beside, g)
    else:
        product = (reset * hidden) @ weight_hh[2 * size :].T + bias_hh[2 * size :]
        new = activate(n_below + product, g)
    hidden = update * hidden + (1 - update) * new
    return [hidden, hidden]


def _wide(array: Array) -> Array:
    return array.astype(np.float64)
