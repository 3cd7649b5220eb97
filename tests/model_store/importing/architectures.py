"""Architectures drawn by hypothesis, and how real Keras builds them.

Every drawn network is one that can be imported; those that cannot are in `test_refused`.
"""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

VOCABULARY = [f"w{place}" for place in range(40)]
DENSE_ACTIVATIONS = ("relu", "tanh", "elu", "selu", "gelu", "silu", "softplus", "hard_sigmoid")
CELL_ACTIVATIONS = ("tanh", "tanh", "softsign", "elu")
GATES = ("sigmoid", "sigmoid", "hard_sigmoid")


@dataclass(frozen=True)
class Layer:
    """A recurrent layer."""

    cell: str
    units: int
    merge: str | None
    backwards: bool
    flags: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Architecture:
    """A text classifier of Keras."""

    layers: tuple[Layer, ...]
    mask_zero: bool
    ending: str
    num_classes: int
    dense: tuple[tuple[int, str], ...]
    normalizes: str
    max_len: int
    is_fixed: bool
    is_functional: bool
    padding: str
    truncating: str
    oov: bool
    seed: int


@st.composite
def recurrent_layers(draw):
    cell = draw(st.sampled_from(["SimpleRNN", "LSTM", "GRU"]))
    merge = draw(st.sampled_from([None, None, "concat", "sum", "mul", "ave"]))
    flags = {
        "use_bias": draw(st.booleans()),
        "activation": draw(st.sampled_from(CELL_ACTIVATIONS)),
        "dropout": draw(st.sampled_from([0.0, 0.3])),
    }
    if cell != "SimpleRNN":
        flags["recurrent_activation"] = draw(st.sampled_from(GATES))
    if cell == "LSTM":
        flags["unit_forget_bias"] = draw(st.booleans())
    if cell == "GRU":
        flags["reset_after"] = draw(st.booleans())
    backwards = merge is None and draw(st.booleans())
    return Layer(cell, draw(st.integers(1, 6)), merge, backwards, flags)


@st.composite
def architectures(draw):
    layers = tuple(draw(st.lists(recurrent_layers(), min_size=1, max_size=3)))
    ending = draw(st.sampled_from(["last", "last", "max", "mean", "both"]))
    return Architecture(
        layers,
        mask_zero=draw(st.booleans()),
        ending=ending,
        num_classes=draw(st.integers(1, 4)),
        dense=tuple(
            draw(
                st.lists(
                    st.tuples(st.integers(1, 6), st.sampled_from(DENSE_ACTIVATIONS)), max_size=2
                )
            )
        ),
        normalizes=draw(st.sampled_from(["no", "within", "head"])),
        max_len=draw(st.integers(3, 16)),
        is_fixed=draw(st.booleans()),
        is_functional=ending == "both" or draw(st.booleans()),
        padding=draw(st.sampled_from(["pre", "post"])),
        truncating=draw(st.sampled_from(["pre", "post"])),
        oov=draw(st.booleans()),
        seed=draw(st.integers(0, 1000)),
    )


def build(keras, drawn, vocab_size=30):
    """Build an architecture with random weights, biases and statistics."""
    layers = keras.layers
    value = inputs = keras.Input((drawn.max_len if drawn.is_fixed else None,))
    parts = [layers.Embedding(vocab_size, 5, mask_zero=drawn.mask_zero)]
    parts.append(layers.SpatialDropout1D(0.2))
    for place, layer in enumerate(drawn.layers):
        is_last = place == len(drawn.layers) - 1
        parts.append(_recurrent(layers, layer, drawn, is_sequence=not is_last))
        if drawn.normalizes == "within" and not is_last:
            parts.append(layers.BatchNormalization())
    head = [] if drawn.normalizes != "head" else [layers.BatchNormalization()]
    head += [layers.Dense(units, activation=name) for units, name in drawn.dense]
    head += [layers.Dropout(0.5)]
    if drawn.num_classes == 1:
        head.append(layers.Dense(1, activation="sigmoid"))
    else:
        head += [layers.Dense(drawn.num_classes), layers.Activation("softmax")]
    pools = {"max": layers.GlobalMaxPooling1D, "mean": layers.GlobalAveragePooling1D}
    if not drawn.is_functional:
        pool = [pools[drawn.ending]()] if drawn.ending in pools else []
        model = keras.Sequential([inputs, *parts, *pool, *head])
    else:
        for part in parts:
            value = part(value)
        if drawn.ending == "both":
            value = layers.Concatenate()([pool()(value) for pool in pools.values()])
        elif drawn.ending in pools:
            value = pools[drawn.ending]()(value)
        for part in head:
            value = part(value)
        model = keras.Model(inputs, value)
    return randomized(model, drawn.seed)


def _recurrent(layers, layer, drawn, *, is_sequence):
    returns = is_sequence or drawn.ending != "last"
    # what Keras does above a mask that it does not reverse is refused
    backwards = layer.backwards and not (drawn.mask_zero and returns)
    made = getattr(layers, layer.cell)(
        layer.units, return_sequences=returns, go_backwards=backwards, **layer.flags
    )
    return made if layer.merge is None else layers.Bidirectional(made, merge_mode=layer.merge)


def randomized(model, seed):
    """Give every weight a random value, variances positive ones."""
    generator = np.random.default_rng(seed)
    for layer in model.layers:
        weights = [generator.normal(0, 0.5, one.shape) for one in layer.get_weights()]
        if type(layer).__name__ == "BatchNormalization":
            weights[3] = np.abs(weights[3]) + 0.5
        layer.set_weights(weights)
    return model


def texts(seed, count=50, longest=24):
    """Ragged texts with unknown words, capitals and punctuation."""
    generator = np.random.default_rng(seed)
    words = [*VOCABULARY, "W3", "unknown", "w1!", "(w2)"]
    sizes = generator.integers(1, longest + 1, count)
    return ["w0 " + " ".join(generator.choice(words, size)) for size in sizes]


def probabilities(outputs):
    """What `model.predict` gives, a column a class."""
    return np.concatenate([1 - outputs, outputs], axis=1) if outputs.shape[1] == 1 else outputs
