"""The linear path of a text classifier as nodes of its graph; see `training.nets.ngrams`."""

import numpy as np
from onnx import TensorProto

from training.export.graph import Graph
from training.nets.ngrams import END, NUM_RESERVED, START, TINY, NgramPath

TO_END = np.iinfo(np.int64).max


def ngram_logits(graph: Graph, path: NgramPath) -> str:
    """Add the path; return its logits after each token, (batch, seq_len, num_classes).

    Sums run along the text (CumSum), so that a row has the same bits alone and padded.
    """
    order, width = path.max_order, path.table.shape[1]
    keys = _keys(graph, path)  # (batch, seq_len, max_order), -1 for none
    every = graph.op("Concat", keys, _ending_keys(graph, path, keys), axis=2) if order > 1 else keys
    values = _values(graph, path, every)  # (batch, seq_len, 2 max_order - 1, width)
    inside = graph.op("Slice", values, *(_ints(graph, number) for number in (0, order, 2)))
    flat = graph.op("Reshape", inside, graph.constant([0, -1, width], np.int64))
    sums = graph.op("CumSum", flat, graph.constant(1, np.int64))
    bounds = (_ints(graph, number) for number in (order - 1, TO_END, 1, order))
    sums = graph.op("Slice", sums, *bounds)  # (batch, seq_len, width)
    for place in range(order, 2 * order - 1):  # one after the other: the same order in every batch
        ending = graph.op("Gather", values, graph.constant(place, np.int64), axis=2)
        sums = graph.op("Add", sums, ending)
    scores = graph.op("Slice", sums, *(_ints(graph, number) for number in (0, width - 1, 2)))
    squares = graph.op("Slice", sums, *(_ints(graph, number) for number in (width - 1, width, 2)))
    norms = graph.op("Sqrt", graph.op("Max", squares, graph.constant(TINY, np.float32)))
    return graph.op("Add", graph.op("Div", scores, norms), graph.weight("ngrams.bias"))


def _ints(graph: Graph, number: int) -> str:
    return graph.constant([number], np.int64)


def _keys(graph: Graph, path: NgramPath) -> str:
    """Return the keys of the n-grams that end at each token; see `ngram_keys`."""
    reserved = graph.constant(NUM_RESERVED, np.int64)
    digits = graph.op("Add", graph.op("Cast", "token_ids", to=TensorProto.INT64), reserved)
    front = graph.constant([0, path.max_order - 1, 0, 0], np.int64)
    padded = graph.op("Pad", digits, front, graph.constant(START, np.int64))
    keys = [digits]
    for place in range(1, path.max_order):
        bounds = (path.max_order - 1 - place, -place, 1)
        earlier = graph.op("Slice", padded, *(_ints(graph, number) for number in bounds))
        factor = graph.constant((path.vocab_size + NUM_RESERVED) ** place, np.int64)
        keys.append(graph.op("Add", keys[-1], graph.op("Mul", earlier, factor)))
    last = _ints(graph, 2)
    every = graph.op("Concat", *(graph.op("Unsqueeze", key, last) for key in keys), axis=2)
    positions = graph.op("Unsqueeze", _positions(graph), _ints(graph, 1))  # (seq_len, 1)
    earliest = [max(place - 1, 0) for place in range(path.max_order)]
    is_whole = graph.op("GreaterOrEqual", positions, graph.constant(earliest, np.int32))
    ends = graph.op("Unsqueeze", "lengths", graph.constant([1, 2], np.int64))
    is_valid = graph.op("And", is_whole, graph.op("Less", positions, ends))
    return graph.op("Where", is_valid, every, graph.constant(-1, np.int64))


def _ending_keys(graph: Graph, path: NgramPath, keys: str) -> str:
    """Return the keys of n-grams that end with the text's end; see `ending_keys`."""
    none, base = graph.constant(-1, np.int64), path.vocab_size + NUM_RESERVED
    shorter = graph.op("Slice", keys, *(_ints(graph, number) for number in (0, -1, 2)))
    shifted = graph.op("Mul", shorter, graph.constant(base, np.int64))
    ending = graph.op("Add", shifted, graph.constant(END, np.int64))
    return graph.op("Where", graph.op("Equal", shorter, none), none, ending)


def _values(graph: Graph, path: NgramPath, keys: str) -> str:
    """Return each key's row of the table, the last one for those that were never seen."""
    places = graph.op("Mod", keys, graph.constant(len(path.buckets), np.int64))
    found = graph.op("Gather", graph.raw_weight("ngrams.buckets"), places, axis=0)
    known = graph.op("Gather", graph.raw_weight("ngrams.keys"), found, axis=0)
    is_seen = graph.op("Equal", known, keys)  # none is -1, which only the last row has as its key
    rows = graph.op("Where", is_seen, found, graph.constant(len(path.keys) - 1, np.int32))
    values = graph.op("Gather", graph.raw_weight("ngrams.table"), rows, axis=0)
    if graph.weights["ngrams.table"].dtype == "F32":
        return values
    return graph.op("Cast", values, to=TensorProto.FLOAT)


def _positions(graph: Graph) -> str:
    """Return 0, 1, … (seq_len,) int32."""
    zero, one = graph.constant(0, np.int32), graph.constant(1, np.int32)
    seq_len = graph.op("Squeeze", graph.op("Shape", "token_ids", start=1, end=2))
    return graph.op("Range", zero, graph.op("Cast", seq_len, to=TensorProto.INT32), one)
