"""Each layer of Keras as operations of a `network`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from model_store.importing.keras.activations import activation_of
from model_store.importing.keras.recurrent import CELLS, bidirectional, recurrent
from model_store.importing.keras.source import Layer
from model_store.importing.network import (
    LINEAR,
    Activate,
    Activation,
    Array,
    Embed,
    Join,
    Linear,
    MaskRows,
    Normalize,
    Operation,
    Pool,
    Scale,
)

Operations = list[Operation]


def operations(layer: Layer) -> Operations:
    """Return what a layer does, nothing for one that does nothing once a network is trained.

    Raises:
        Refused: If it cannot be imported.
    """
    layer.check_is_keras(set(READERS))
    layer.check_precision()
    return READERS[layer.kind](layer)


def _nothing(layer: Layer) -> Operations:
    return []


def _embedding(layer: Layer) -> Operations:
    (table,) = layer.arrays("embeddings")
    return [Embed(table, bool(layer.config.get("mask_zero", False)))]


def _masking(layer: Layer) -> Operations:
    return [MaskRows(float(layer.config.get("mask_value", 0.0)))]


def _recurrent(layer: Layer) -> Operations:
    return [recurrent(layer)]


def _bidirectional(layer: Layer) -> Operations:
    return [bidirectional(layer)]


def _dense(layer: Layer) -> Operations:
    has_bias = layer.config.get("use_bias", True)
    kernel, *biases = layer.arrays("kernel", *(["bias"] if has_bias else []))
    bias = biases[0] if biases else np.zeros(kernel.shape[1], np.float32)
    return [Linear(kernel.T, bias), *_activated(layer, "activation")]


def _time_distributed(layer: Layer) -> Operations:
    inner = layer.inner("layer")
    if inner.kind not in ("Dense", "Dropout", "Activation"):
        raise layer.refused(
            f"it applies a {inner.kind} layer to each step",
            "Dense, Dropout and Activation layers can be applied so",
        )
    return operations(inner)


def _batch_normalization(layer: Layer) -> Operations:
    config = layer.config
    layer.check_axis()
    if config.get("renorm"):
        raise layer.refused("renorm=True", "Build it without and set its weights")
    has_scale, has_center = config.get("scale", True), config.get("center", True)
    names = [*(["gamma"] if has_scale else []), *(["beta"] if has_center else [])]
    *learnt, mean, variance = layer.arrays(*names, "moving_mean", "moving_variance")
    rest = iter(learnt)
    gamma = next(rest) if has_scale else np.ones_like(mean)
    beta = next(rest) if has_center else np.zeros_like(mean)
    wide = [array.astype(np.float64) for array in (gamma, beta, mean, variance)]
    scale = wide[0] / np.sqrt(wide[3] + float(config.get("epsilon", 1e-3)))
    return [Scale(_narrow(scale), _narrow(wide[1] - wide[2] * scale))]


def _narrow(array: Array) -> Array:
    return array.astype(np.float32)


def _layer_normalization(layer: Layer) -> Operations:
    config = layer.config
    layer.check_axis()
    if config.get("rms_scaling"):
        raise layer.refused("rms_scaling=True", "Only normalization by mean and variance is known")
    has_scale, has_center = config.get("scale", True), config.get("center", True)
    names = [*(["gamma"] if has_scale else []), *(["beta"] if has_center else [])]
    if not names:
        raise layer.refused("it has neither scale nor center", "Build it with scale=True")
    first, *rest = layer.arrays(*names)
    gamma = first if has_scale else np.ones_like(first)
    beta = (rest[0] if has_scale else first) if has_center else np.zeros_like(first)
    return [Normalize(gamma, beta, float(config.get("epsilon", 1e-3)))]


def _activation(layer: Layer) -> Operations:
    return _activated(layer, "activation")


def _activated(layer: Layer, key: str) -> Operations:
    activation = activation_of(layer, key)
    return [] if activation == LINEAR else [Activate(activation)]


def _relu(layer: Layer) -> Operations:
    config = layer.config
    slope, most = float(config.get("negative_slope") or 0.0), config.get("max_value")
    if float(config.get("threshold") or 0.0) or (most is not None and (slope or float(most) != 6)):
        raise layer.refused("a threshold, or a largest value other than 6", "Use a plain ReLU")
    if most is not None:
        return [Activate(Activation("relu6"))]
    return [Activate(Activation("leaky_relu", slope) if slope else Activation("relu"))]


def _leaky_relu(layer: Layer) -> Operations:
    slope = layer.config.get("negative_slope", layer.config.get("alpha", 0.3))
    return [Activate(Activation("leaky_relu", float(slope)))]


def _elu(layer: Layer) -> Operations:
    return [Activate(Activation("elu", float(layer.config.get("alpha", 1.0))))]


def _softmax(layer: Layer) -> Operations:
    layer.check_axis()
    return [Activate(Activation("softmax"))]


def _max_pooling(layer: Layer) -> Operations:
    _check_pooling(layer)
    return [Pool("max")]


def _average_pooling(layer: Layer) -> Operations:
    _check_pooling(layer)
    return [Pool("mean")]


def _check_pooling(layer: Layer) -> None:
    if layer.config.get("data_format", "channels_last") not in (None, "channels_last"):
        raise layer.refused("data_format='channels_first'", "Build it with channels_last")
    if layer.config.get("keepdims"):
        raise layer.refused("keepdims=True", "Build it without")


def _flatten(layer: Layer) -> Operations:
    raise layer.refused(
        "flattening over time ties the layers above to places in one fixed length of input",
        "Use GlobalMaxPooling1D, GlobalAveragePooling1D or return_sequences=False, and train again",
    )


def _lambda(layer: Layer) -> Operations:
    raise layer.refused(
        "it holds Python code, and importing runs no code of a file",
        "Replace it by layers of Keras and save the model again",
    )


@dataclass(frozen=True, slots=True)
class _Joining:
    kind: str

    def __call__(self, layer: Layer) -> Operations:
        if self.kind == "concat":
            layer.check_axis()
        return [Join(self.kind)]


_JOINS = {
    "Concatenate": "concat",
    "Add": "add",
    "Multiply": "multiply",
    "Average": "average",
    "Maximum": "maximum",
    "Minimum": "minimum",
}

READERS: Mapping[str, Callable[[Layer], Operations]] = {
    **dict.fromkeys(
        ("InputLayer", "Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise",
         "AlphaDropout", "ActivityRegularization", "Identity"),
        _nothing,
    ),
    **dict.fromkeys(CELLS, _recurrent),
    **{name: _Joining(kind) for name, kind in _JOINS.items()},
    "Embedding": _embedding,
    "Masking": _masking,
    "Bidirectional": _bidirectional,
    "Dense": _dense,
    "TimeDistributed": _time_distributed,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _leaky_relu,
    "ELU": _elu,
    "Softmax": _softmax,
    "GlobalMaxPooling1D": _max_pooling,
    "GlobalMaxPool1D": _max_pooling,
    "GlobalAveragePooling1D": _average_pooling,
    "GlobalAvgPool1D": _average_pooling,
    "Flatten": _flatten,
    "Lambda": _lambda,
}  # fmt: skip
"""What is known of Keras' layers, by class."""
