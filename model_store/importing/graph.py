"""The graph of an imported network.

    token_ids (batch, seq_len), lengths (batch,)             -> probs (batch, num_classes)
    values (batch, seq_len, num_features), lengths (batch,)  -> probs
    values (batch, num_features)                             -> probs

Between steps sequences lie as (seq_len, batch, width). A step counts where its row has not ended
(`lengths`), and where no mask leaves it out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto

from model_store.importing.functions import activated
from model_store.importing.network import (
    Activate,
    Embed,
    Join,
    Linear,
    MaskRows,
    Network,
    Normalize,
    Pool,
    Recurrent,
    Scale,
)
from model_store.importing.recurrent_graph import add_recurrent
from model_store.importing.shapes import Shape, shapes_of
from model_store.importing.steps import Steps
from model_store.importing.weights import names_of
from model_store.onnx_graph import Graph
from model_store.safetensors_file import locate

LOWEST = np.finfo(np.float32).min
JOINS = {"add": "Sum", "average": "Mean", "maximum": "Max", "minimum": "Min"}


def network_graph(network: Network, weights: bytes) -> bytes:
    """Return `model.onnx`.

    Args:
        network: What to build.
        weights: Its `weights.safetensors`.
    """
    return _Builder(network, Graph(locate(weights))).build()


class _Builder:
    """One graph under construction."""

    def __init__(self, network: Network, graph: Graph) -> None:
        self._network = network
        self._graph = graph
        self._shapes = shapes_of(network)
        self._names = names_of(network)
        self._steps = Steps(graph)
        self._masks: dict[int, str] = {}

    def build(self) -> bytes:
        """Add every step and the ending."""
        graph, network = self._graph, self._network
        first = self._declare()
        values: list[str] = []
        for place, step in enumerate(network.steps):
            given = [first if one < 0 else values[one] for one in step.inputs]
            shape = self._shapes[step.inputs[0]] if step.inputs[0] >= 0 else None
            emit = EMITTERS[type(step.operation)]
            values.append(emit(self, step.operation, given, place=place, shape=shape))
        logits = values[-1]
        if network.ending == "sigmoid":
            # softmax([0, z]) = [1 - sigma(z), sigma(z)]
            zeros = graph.op("Mul", logits, graph.constant(0.0, np.float32))
            logits = graph.op("Concat", zeros, logits, axis=1)
        graph.output("probs", graph.op("Softmax", logits, axis=1), ["batch", network.num_classes])
        return graph.to_bytes("imported classifier")

    def _declare(self) -> str:
        """Declare the inputs; return the first as steps take it."""
        graph, network = self._graph, self._network
        if network.inputs == "vector":
            shape: list[int | str] = ["batch", network.num_features]
            graph.declare("values", TensorProto.FLOAT, shape, is_output=False)
            return "values"
        if network.inputs == "tokens":
            graph.declare("token_ids", TensorProto.INT32, ["batch", "seq_len"], is_output=False)
            first = graph.op("Transpose", "token_ids", perm=[1, 0])
        else:
            shape = ["batch", "seq_len", network.num_features]
            graph.declare("values", TensorProto.FLOAT, shape, is_output=False)
            first = graph.op("Transpose", "values", perm=[1, 0, 2])
        graph.declare("lengths", TensorProto.INT32, ["batch"], is_output=False)
        return first

    @property
    def _source(self) -> str:
        """The input whose second axis is as long as the sequences."""
        return "token_ids" if self._network.inputs == "tokens" else "values"

    def _mask(self, shape: Shape | None) -> str | None:
        return None if shape is None or shape.mask is None else self._masks[shape.mask]

    def embed(self, operation: Embed, given: Sequence[str], *, place: int, **_: Any) -> str:
        """Look token ids up."""
        graph = self._graph
        if operation.mask_zero:
            present = graph.op("Not", graph.op("Equal", given[0], graph.constant(0, np.int32)))
            self._masks[place] = self._steps.also_inside(present, self._source)
        table = graph.weight(f"{self._names[place]}.weight")
        return graph.op("Gather", table, given[0], axis=0)

    def mask_rows(self, operation: MaskRows, given: Sequence[str], *, place: int, **_: Any) -> str:
        """Leave rows out, and put zeros in their place."""
        graph = self._graph
        same = graph.op("Equal", given[0], graph.constant(operation.value, np.float32))
        differs = graph.op("Cast", graph.op("Not", same), to=TensorProto.FLOAT)
        axis = graph.constant([2], np.int64)
        any_differs = graph.op("ReduceMax", differs, axis, keepdims=0)
        present = graph.op("Cast", any_differs, to=TensorProto.BOOL)
        mask = self._masks[place] = self._steps.also_inside(present, self._source)
        return self._steps.where(mask, given[0], 0.0)

    def recurrent(
        self, operation: Recurrent, given: Sequence[str], *, place: int, shape: Shape | None
    ) -> str:
        """Read a sequence."""
        return add_recurrent(
            self._graph,
            operation,
            given[0],
            name=self._names[place],
            mask=self._mask(shape),
            steps=self._steps,
        )

    def pool(self, operation: Pool, given: Sequence[str], *, shape: Shape | None, **_: Any) -> str:
        """Make one vector of all steps."""
        graph, axis0 = self._graph, self._graph.constant([0], np.int64)
        inside = self._steps.inside(self._source)
        if operation.kind == "max":
            found = self._steps.where(inside, given[0], float(LOWEST))
            return graph.op("ReduceMax", found, axis0, keepdims=0)
        if operation.kind == "last":
            by_row = graph.op("Transpose", given[0], perm=[1, 0, 2])
            lengths = graph.op("Cast", "lengths", to=TensorProto.INT64)
            last = graph.op("Sub", lengths, graph.constant(1, np.int64))
            places = graph.op("Unsqueeze", last, graph.constant([1], np.int64))
            return graph.op("GatherND", by_row, places, batch_dims=1)
        mask = self._mask(shape)
        counted = inside if mask is None else mask
        total = graph.op("ReduceSum", self._steps.where(counted, given[0], 0.0), axis0, keepdims=0)
        number = graph.op("Cast", self._steps.count(counted), to=TensorProto.FLOAT)
        return graph.op("Div", total, graph.op("Unsqueeze", number, graph.constant([1], np.int64)))

    def linear(self, _: Linear, given: Sequence[str], *, place: int, shape: Shape | None) -> str:
        """Multiply by weights."""
        graph, name = self._graph, self._names[place]
        if shape is None or not shape.is_sequence:
            return graph.linear(given[0], name)
        weight = graph.op("Transpose", graph.weight(f"{name}.weight"), perm=[1, 0])
        return graph.op("Add", graph.op("MatMul", given[0], weight), graph.weight(f"{name}.bias"))

    def scale(self, _: Scale, given: Sequence[str], *, place: int, **__: Any) -> str:
        """Scale and shift."""
        graph, name = self._graph, self._names[place]
        scaled = graph.op("Mul", given[0], graph.weight(f"{name}.scale"))
        return graph.op("Add", scaled, graph.weight(f"{name}.shift"))

    def normalize(self, operation: Normalize, given: Sequence[str], *, place: int, **_: Any) -> str:
        """Normalize each vector."""
        graph, name = self._graph, self._names[place]
        weights = graph.weight(f"{name}.scale"), graph.weight(f"{name}.shift")
        epsilon = operation.epsilon
        return graph.op("LayerNormalization", given[0], *weights, axis=-1, epsilon=epsilon)

    def activate(self, operation: Activate, given: Sequence[str], **_: Any) -> str:
        """Apply a function."""
        return activated(self._graph, given[0], operation.activation)

    def join(self, operation: Join, given: Sequence[str], **_: Any) -> str:
        """Make one value of several."""
        graph = self._graph
        if operation.kind == "concat":
            return graph.op("Concat", *given, axis=-1)
        if operation.kind != "multiply":
            return graph.op(JOINS[operation.kind], *given)
        product = given[0]
        for factor in given[1:]:
            product = graph.op("Mul", product, factor)
        return product


EMITTERS: Mapping[type, Callable[..., str]] = {
    Embed: _Builder.embed,
    MaskRows: _Builder.mask_rows,
    Recurrent: _Builder.recurrent,
    Pool: _Builder.pool,
    Linear: _Builder.linear,
    Scale: _Builder.scale,
    Normalize: _Builder.normalize,
    Activate: _Builder.activate,
    Join: _Builder.join,
}
