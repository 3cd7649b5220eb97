"""HDF5 files as Keras 2 lays them out, written by hand, and what its layers do, in plain numpy."""

import json

import h5py
import numpy as np


def write_h5(path, model, weights, version="2.4.0"):
    """Write a whole-model file.

    Args:
        path: Where to.
        model: `class_name` and `config`.
        weights: For each layer's name its arrays by name, in Keras' order.
        version: Of the Keras that is said to have written it.
    """
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(model).encode()
        file.attrs["keras_version"] = version.encode()
        file.attrs["backend"] = b"tensorflow"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        group.attrs["keras_version"] = version.encode()
        for name, arrays in weights.items():
            layer = group.create_group(name)
            layer.attrs["weight_names"] = [f"{name}/{one}:0".encode() for one in arrays]
            for one, array in arrays.items():
                layer.create_dataset(f"{name}/{one}:0", data=array)


def drawn(seed, *shapes):
    generator = np.random.default_rng(seed)
    return [generator.normal(0, 0.5, shape).astype(np.float32) for shape in shapes]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hard_sigmoid(x):
    """Keras 2: 0.2 x + 0.5, cut to 0 and 1."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def lstm(x, kernel, recurrent, bias, gate):
    """The last state of (time, inputs)."""
    size = len(recurrent)
    hidden, cell = np.zeros(size), np.zeros(size)
    for step in x:
        i, f, c, o = np.split(step @ kernel + hidden @ recurrent + bias, 4)
        cell = gate(f) * cell + gate(i) * np.tanh(c)
        hidden = gate(o) * np.tanh(cell)
    return hidden


def gru_before(x, kernel, recurrent, bias, gate):
    """All states; the reset gate is applied before the product, as Keras 2.2 does by default."""
    size = len(recurrent)
    hidden, found = np.zeros(size), []
    for step in x:
        below = step @ kernel + bias
        z = gate(below[:size] + hidden @ recurrent[:, :size])
        r = gate(below[size : 2 * size] + hidden @ recurrent[:, size : 2 * size])
        new = np.tanh(below[2 * size :] + (r * hidden) @ recurrent[:, 2 * size :])
        hidden = z * hidden + (1 - z) * new
        found.append(hidden)
    return np.array(found)


def simple_rnn(x, kernel, recurrent, bias):
    """All states."""
    hidden, found = np.zeros(len(recurrent)), []
    for step in x:
        hidden = np.tanh(step @ kernel + hidden @ recurrent + bias)
        found.append(hidden)
    return np.array(found)


def softmax(x):
    powers = np.exp(x - x.max())
    return powers / powers.sum()
