"""The weights of a tiny graph as training stores them: torch's names, and its order of gates."""

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save

TORCH_ORDER = {"RNN": [0], "LSTM": [0, 2, 3, 1], "GRU": [1, 0, 2]}
"""Places of torch's gates (i f g o; r z n) among ONNX's (i o f c; z r h)."""


def weights_of(model: bytes) -> bytes:
    """Return `weights.safetensors` of a graph of `tests.graphs`."""
    graph = onnx.load_from_string(model).graph
    arrays = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    tensors: dict[str, np.ndarray] = {}
    layers = [node for node in graph.node if node.op_type in TORCH_ORDER]
    for place, node in enumerate(layers):
        tensors |= _layer(place, node.op_type, [arrays[name] for name in node.input[1:4]])
    dense = [node for node in graph.node if node.op_type == "Gemm"]
    for place, node in enumerate(dense):
        name = _name_of(place, len(dense), graph)
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = (arrays[one] for one in node.input[1:])
    if "decoder.weight" not in tensors:  # a classifier that was not calibrated
        tensors |= {"temperature": np.ones(1, np.float32)}
        tensors |= {"temperature_slope": np.zeros(1, np.float32)}
    embedding = next(node for node in graph.node if node.op_type == "Gather")
    return save(tensors | {"stack.embedding.weight": arrays[embedding.input[0]]})


def _layer(place, kind, arrays):
    tensors = {}
    for direction, path in enumerate(("forward", "backward")[: len(arrays[0])]):
        weight_ih, weight_hh, biases = (array[direction] for array in arrays)
        parts = {
            "weight_ih": weight_ih,
            "weight_hh": weight_hh,
            "bias_ih": biases[: len(weight_ih)],
            "bias_hh": biases[len(weight_ih) :],
        }
        for name, part in parts.items():
            gates = np.split(part, len(TORCH_ORDER[kind]))
            ordered = np.concatenate([gates[one] for one in TORCH_ORDER[kind]])
            tensors[f"stack.{path}_layers.{place}.{name}"] = ordered
    return tensors


def _name_of(place, count, graph):
    """Return the name of a linear layer: a generator has one, a classifier its last."""
    if any(output.name == "logits" for output in graph.output):
        return "decoder"
    return "output" if place == count - 1 else f"dense.{place}"
