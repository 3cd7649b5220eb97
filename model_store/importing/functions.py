"""Activations as ONNX has them, by themselves and inside of recurrent layers."""

import numpy as np

from model_store.importing.network import Activation
from model_store.onnx_graph import Attribute, Graph

SIMPLE = {
    "relu": "Relu",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "exponential": "Exp",
    "selu": "Selu",
    "gelu": "Gelu",
}
WITH_CONSTANTS = {
    "leaky_relu": ("LeakyRelu", ("alpha",)),
    "elu": ("Elu", ("alpha",)),
    "hard_sigmoid": ("HardSigmoid", ("alpha", "beta")),
}
IN_CELLS = {
    "tanh": ("Tanh", ()),
    "sigmoid": ("Sigmoid", ()),
    "relu": ("Relu", ()),
    "softplus": ("Softplus", ()),
    "softsign": ("Softsign", ()),
    "elu": ("Elu", ("alpha",)),
    "hard_sigmoid": ("HardSigmoid", ("alpha", "beta")),
    "linear": ("Affine", ("alpha", "beta")),
}
"""What ONNX's LSTM, GRU and RNN have, with the constants that each takes."""


def activated(graph: Graph, value: str, activation: Activation) -> str:
    """Add an activation; return its output."""
    name = activation.name
    if name == "linear":
        return value
    if name in SIMPLE:
        return graph.op(SIMPLE[name], value)
    if name in WITH_CONSTANTS:
        kind, constants = WITH_CONSTANTS[name]
        return graph.op(kind, value, **{one: getattr(activation, one) for one in constants})
    if name == "softmax":
        return graph.op("Softmax", value, axis=-1)
    if name == "silu":
        return graph.op("Mul", value, graph.op("Sigmoid", value))
    assert name == "relu6", name
    limits = graph.constant(0.0, np.float32), graph.constant(6.0, np.float32)
    return graph.op("Clip", value, *limits)


def in_cells(activations: list[Activation]) -> dict[str, Attribute]:
    """Return the attributes of a recurrent node that name its activations."""
    names, alphas, betas = [], [], []
    for one in activations:
        kind, constants = IN_CELLS[one.name]
        names.append(kind)
        # ONNX writes the identity as 1 x + 0
        alpha, beta = (1.0, 0.0) if one.name == "linear" else (one.alpha, one.beta)
        alphas += [alpha] if "alpha" in constants else []
        betas += [beta] if "beta" in constants else []
    attributes: dict[str, Attribute] = {"activations": names}
    attributes |= {"activation_alpha": alphas} if alphas else {}
    return attributes | ({"activation_beta": betas} if betas else {})
