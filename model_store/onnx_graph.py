"""ONNX graphs under construction, and where the weights that they name lie.

Graphs name tensors of `weights.safetensors` as ONNX external data, so that weights stand in a
version once, in torch's layout; the runtime folds the reordering of gates into constants when it
loads. Knows no network: each is built by who exports or imports it.
"""

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import ArrayLike, DTypeLike
from onnx import TensorProto, helper, numpy_helper

from model_store.safetensors_file import Location

WEIGHTS = "weights.safetensors"
OPSET, IR_VERSION = 21, 10
ONNX_DTYPES = {
    "F32": TensorProto.FLOAT,
    "F16": TensorProto.FLOAT16,
    "I32": TensorProto.INT32,
    "I64": TensorProto.INT64,
}
OPERATORS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
GATE_ORDER = {"rnn": [0], "lstm": [0, 3, 1, 2], "gru": [1, 0, 2]}
"""Places of ONNX's gates (i o f c; z r h) among torch's (i f g o; r z n)."""

Attribute = int | float | str | Sequence[int] | Sequence[float] | Sequence[str]


class Graph:
    """A graph under construction: every method adds nodes and returns the output's name."""

    def __init__(self, weights: dict[str, Location]) -> None:
        """Begin with no nodes; `weights` says where each tensor lies."""
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, TensorProto] = {}
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def ops(self, kind: str, *inputs: str, outputs: int, **attributes: Attribute) -> list[str]:
        """Add a node; return the names of its `outputs` outputs."""
        stem = f"{kind.lower()}_{len(self.nodes)}"
        names = [f"{stem}_{place}" for place in range(outputs)] if outputs > 1 else [stem]
        node = helper.make_node(kind, inputs, names, stem)
        node.attribute.extend(helper.make_attribute(*item) for item in attributes.items())
        self.nodes.append(node)
        return names

    def op(self, kind: str, *inputs: str, **attributes: Attribute) -> str:
        """Add a node with one output; return its name."""
        return self.ops(kind, *inputs, outputs=1, **attributes)[0]

    def constant(self, value: ArrayLike, dtype: DTypeLike) -> str:
        """Add a small constant, once however often it is asked for."""
        array = np.asarray(value, dtype)
        name = f"const_{array.dtype}_{'_'.join(map(str, array.ravel()))}_{array.ndim}"
        self.initializers.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def raw_weight(self, name: str) -> str:
        """Refer to a tensor of the weights file in the type it is stored in."""
        place = self.weights[name]
        tensor = TensorProto(name=name, data_type=ONNX_DTYPES[place.dtype], dims=place.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (
            ("location", WEIGHTS),
            ("offset", str(place.offset)),
            ("length", str(place.length)),
        ):
            tensor.external_data.add(key=key, value=value)
        self.initializers.setdefault(name, tensor)
        return name

    def weight(self, name: str) -> str:
        """Refer to a tensor of the weights file, widened to float32."""
        raw = self.raw_weight(name)
        if self.weights[name].dtype == "F32":
            return raw
        return self.op("Cast", raw, to=TensorProto.FLOAT)

    def linear(self, inputs: str, layer: str) -> str:
        """Add torch's Linear."""
        weight, bias = self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias")
        return self.op("Gemm", inputs, weight, bias, transB=1)

    def declare(self, name: str, dtype: int, shape: list[int | str], *, is_output: bool) -> None:
        """Declare an input, or an output that a node of this name makes."""
        info = helper.make_tensor_value_info(name, dtype, shape)
        (self.outputs if is_output else self.inputs).append(info)

    def output(self, name: str, value: str, shape: list[int | str]) -> None:
        """Publish `value` as float output `name`."""
        self.nodes.append(helper.make_node("Identity", [value], [name], f"output_{name}"))
        self.declare(name, TensorProto.FLOAT, shape, is_output=True)

    def to_bytes(self, name: str) -> bytes:
        """Return the serialized model."""
        graph = helper.make_graph(
            self.nodes, name, self.inputs, self.outputs, list(self.initializers.values())
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        data: bytes = model.SerializeToString()
        return data


def gates(graph: Graph, name: str, cell: str) -> str:
    """Return a weight or bias with its gates in ONNX's order."""
    order = GATE_ORDER[cell]
    if len(order) == 1:
        return graph.weight(name)
    count = len(order)
    parts = graph.ops("Split", graph.weight(name), outputs=count, axis=0, num_outputs=count)
    return graph.op("Concat", *(parts[place] for place in order), axis=0)


def stacked(graph: Graph, directions: list[str]) -> str:
    """Return (num_directions, …) from one array a direction."""
    axis = graph.constant([0], np.int64)
    single = [graph.op("Unsqueeze", one, axis) for one in directions]
    return single[0] if len(single) == 1 else graph.op("Concat", *single, axis=0)
