"""Which steps of a padded batch count, and how they are brought together and apart in a graph.

Masks are (seq_len, batch), True where a step counts.
"""

import numpy as np
from onnx import TensorProto

from model_store.onnx_graph import Graph


class Steps:
    """Adds what concerns steps to one graph, each thing once.

    Args:
        graph: Where to; it has the input `lengths`.
    """

    def __init__(self, graph: Graph) -> None:
        """Begin with nothing added."""
        self._graph = graph
        self._inside = ""
        self._orders: dict[str, str] = {}
        self._counts: dict[str, str] = {}

    def inside(self, source: str) -> str:
        """Return where rows have not ended.

        Args:
            source: The input whose second axis is as long as the sequences.
        """
        if not self._inside:
            graph = self._graph
            axis0, axis1 = (graph.constant([axis], np.int64) for axis in (0, 1))
            seq_len = graph.op("Squeeze", graph.op("Shape", source, start=1, end=2))
            zero, one = graph.constant(0, np.int32), graph.constant(1, np.int32)
            steps = graph.op("Range", zero, graph.op("Cast", seq_len, to=TensorProto.INT32), one)
            positions = graph.op("Unsqueeze", steps, axis1)
            self._inside = graph.op("Less", positions, graph.op("Unsqueeze", "lengths", axis0))
        return self._inside

    def also_inside(self, mask: str, source: str) -> str:
        """Return where a mask holds and rows have not ended."""
        return self._graph.op("And", mask, self.inside(source))

    def where(self, mask: str, values: str, otherwise: float) -> str:
        """Return values (seq_len, batch, width), with a constant where the mask does not hold."""
        graph = self._graph
        by_step = graph.op("Unsqueeze", mask, graph.constant([2], np.int64))
        return graph.op("Where", by_step, values, graph.constant(otherwise, np.float32))

    def count(self, mask: str) -> str:
        """Return how many steps of each row count, (batch,) int32."""
        if mask not in self._counts:
            graph = self._graph
            ones = graph.op("Cast", mask, to=TensorProto.INT32)
            axis = graph.constant([0], np.int64)
            self._counts[mask] = graph.op("ReduceSum", ones, axis, keepdims=0)
        return self._counts[mask]

    def together(self, mask: str, values: str) -> str:
        """Bring the steps that count to the front of each row, in their order."""
        by_row = self._graph.op("Transpose", values, perm=[1, 0, 2])
        return self._gathered(by_row, self._order(mask))

    def apart(self, mask: str, values: str, *, backwards: bool) -> str:
        """Undo `together`; a masked step gets what was there before it, or zeros.

        Args:
            mask: Which steps count.
            values: (seq_len, batch, width), those that count first.
            backwards: Whether "before" is later in the sequence.
        """
        graph = self._graph
        ones = graph.op("Cast", mask, to=TensorProto.INT64)
        seen = graph.op("CumSum", ones, graph.constant(0, np.int64))  # steps so far that count
        places = seen
        if backwards:
            ahead = graph.op("Add", graph.op("Sub", seen, ones), graph.constant(1, np.int64))
            count = graph.op("Cast", self.count(mask), to=TensorProto.INT64)
            is_there = graph.op("LessOrEqual", ahead, count)
            places = graph.op("Where", is_there, ahead, graph.constant(0, np.int64))
        by_row = graph.op("Transpose", values, perm=[1, 0, 2])
        with_zeros = graph.op("Pad", by_row, graph.constant([0, 1, 0, 0, 0, 0], np.int64))
        return self._gathered(with_zeros, graph.op("Transpose", places, perm=[1, 0]))

    def _order(self, mask: str) -> str:
        """Return the places (batch, seq_len) of the steps that count, then those of the others."""
        if mask not in self._orders:
            graph = self._graph
            by_row = graph.op("Transpose", mask, perm=[1, 0])
            zero, one = graph.constant(0, np.int64), graph.constant(1, np.int64)
            length = graph.op("Shape", by_row, start=1, end=2)
            places = graph.op("Range", zero, graph.op("Squeeze", length), one)
            keys = graph.op("Where", by_row, places, graph.op("Add", places, length))
            sorting = graph.ops("TopK", keys, length, outputs=2, axis=1, largest=0, sorted=1)
            self._orders[mask] = sorting[1]
        return self._orders[mask]

    def _gathered(self, by_row: str, places: str) -> str:
        """Return (seq_len, batch, width) of (batch, any, width) and places (batch, seq_len)."""
        graph = self._graph
        indices = graph.op("Unsqueeze", places, graph.constant([2], np.int64))
        found = graph.op("GatherND", by_row, indices, batch_dims=1)
        return graph.op("Transpose", found, perm=[1, 0, 2])
