"""The linear path of a text classifier as nodes of its graph; see `training.nets.ngrams`."""

from typing import NamedTuple

import numpy as np
from onnx import TensorProto

from training.export.graph import Graph
from training.nets.ngrams import END, NUM_RESERVED, START, TINY, NgramPath

NO_TOKEN = START - NUM_RESERVED  # among ids, what stands before a text
TO_END = np.iinfo(np.int64).max


class Carried(NamedTuple):
    """Inputs of a graph that goes on within a text.

    Args:
        ids: (batch, max_order - 1) int32, the tokens before; `NO_TOKEN` before the text's start.
        num_before: (batch,) int32, how many tokens there were.
        sums: (batch, width) float, what their n-grams added up to.
    """

    ids: str
    num_before: str
    sums: str


class NgramSums(NamedTuple):
    """What a path gives after each token, (batch, seq_len, …): logits, and sums to go on from."""

    logits: str
    sums: str


def ngram_logits(graph: Graph, path: NgramPath, before: Carried | None = None) -> NgramSums:
    """Add the path.

    Sums run along the text (CumSum), so that a row has the same bits alone and padded, and read in
    parts.
    """
    order, width = path.max_order, path.table.shape[1]
    keys = _keys(graph, path, before)  # (batch, seq_len, max_order), -1 for none
    every = graph.op("Concat", keys, _ending_keys(graph, path, keys), axis=2) if order > 1 else keys
    values = _values(graph, path, every)  # (batch, seq_len, 2 max_order - 1, width)
    inside = graph.op("Slice", values, *(_ints(graph, number) for number in (0, order, 2)))
    flat = graph.op("Reshape", inside, graph.constant([0, -1, width], np.int64))
    first = order - 1  # where the n-grams that end at the first token have been added
    if before is not None:
        flat = graph.op("Concat", graph.op("Unsqueeze", before.sums, _ints(graph, 1)), flat, axis=1)
        first += 1
    sums = graph.op("CumSum", flat, graph.constant(1, np.int64))
    bounds = (_ints(graph, number) for number in (first, TO_END, 1, order))
    sums = inner = graph.op("Slice", sums, *bounds)  # (batch, seq_len, width)
    for place in range(order, 2 * order - 1):  # one after the other: the same order in every batch
        ending = graph.op("Gather", values, graph.constant(place, np.int64), axis=2)
        sums = graph.op("Add", sums, ending)
    scores = graph.op("Slice", sums, *(_ints(graph, number) for number in (0, width - 1, 2)))
    squares = graph.op("Slice", sums, *(_ints(graph, number) for number in (width - 1, width, 2)))
    norms = graph.op("Sqrt", graph.op("Max", squares, graph.constant(TINY, np.float32)))
    logits = graph.op("Add", graph.op("Div", scores, norms), graph.weight("ngrams.bias"))
    return NgramSums(logits, inner)


def _ints(graph: Graph, number: int) -> str:
    return graph.constant([number], np.int64)


def _keys(graph: Graph, path: NgramPath, before: Carried | None) -> str:
    """Return the keys of the n-grams that end at each token; see `ngram_keys`."""
    digits = _digits(graph, "token_ids")
    if before is None or path.max_order == 1:
        front = graph.constant([0, path.max_order - 1, 0, 0], np.int64)
        padded = graph.op("Pad", digits, front, graph.constant(START, np.int64))
    else:
        padded = graph.op("Concat", _digits(graph, before.ids), digits, axis=1)
    keys = [digits]
    for place in range(1, path.max_order):
        bounds = (path.max_order - 1 - place, -place, 1)
        earlier = graph.op("Slice", padded, *(_ints(graph, number) for number in bounds))
        factor = graph.constant((path.vocab_size + NUM_RESERVED) ** place, np.int64)
        keys.append(graph.op("Add", keys[-1], graph.op("Mul", earlier, factor)))
    last = _ints(graph, 2)
    every = graph.op("Concat", *(graph.op("Unsqueeze", key, last) for key in keys), axis=2)
    by_row = graph.constant([1, 2], np.int64)
    positions = graph.op("Unsqueeze", _positions(graph), _ints(graph, 1))  # (seq_len, 1)
    of_text = positions
    if before is not None:
        of_text = graph.op("Add", positions, graph.op("Unsqueeze", before.num_before, by_row))
    earliest = [max(place - 1, 0) for place in range(path.max_order)]
    is_whole = graph.op("GreaterOrEqual", of_text, graph.constant(earliest, np.int32))
    ends = graph.op("Unsqueeze", "lengths", by_row)
    is_valid = graph.op("And", is_whole, graph.op("Less", positions, ends))
    return graph.op("Where", is_valid, every, graph.constant(-1, np.int64))


def _digits(graph: Graph, ids: str) -> str:
    reserved = graph.constant(NUM_RESERVED, np.int64)
    return graph.op("Add", graph.op("Cast", ids, to=TensorProto.INT64), reserved)


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
