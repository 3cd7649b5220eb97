"""The compiled engine: hands arrays to the library that `build` made.

A call lets go of the interpreter's lock. The structures mirror `kernels/layout.h`.
"""

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, Structure, byref, c_int64, c_void_p
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurrent import weights
from recurrent.batching import Batch
from recurrent.build import instruction_sets, library_file
from recurrent.packing import Floats
from recurrent.reading import Reading

CELLS = {"rnn": 0, "lstm": 1, "gru": 2}
TABLE_BYTES = 8 << 20
"""Of each direction's table. Tokenizers number pieces by how often they come: the first 2,048 of
10,000, which is what fits an LSTM of 256, are 81 % of the tokens of English reviews."""


def available() -> list[str]:
    """Return the instruction sets that were compiled and that this processor has, fastest first."""
    library = _library()
    if library is None:
        return []
    return [name for name in instruction_sets() if getattr(library, f"runs_{name}")()]


@cache
def _library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(str(library_file()))
    except OSError:
        return None


class _Matrix(Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("packed", "scales", "offsets", "bias")),
        *((name, c_int64) for name in ("blocks", "quads")),
    )


class _Direction(Structure):
    _fields_ = (
        ("input", _Matrix),
        ("hidden", _Matrix),
        ("table", c_void_p),
        ("table_rows", c_int64),
    )


class _Network(Structure):
    _fields_ = (
        *((name, c_int64) for name in ("cell", "num_layers", "num_directions", "units")),
        ("directions", POINTER(_Direction)),
        ("embedding", c_void_p),
        ("embedding_scales", c_void_p),
        ("input_quads", c_int64),
        ("decoder", POINTER(_Matrix)),
    )


class _Batch(Structure):
    _fields_ = (
        ("rows", c_int64),
        ("steps", c_int64),
        *((name, c_void_p) for name in ("token_ids", "active", "lengths", "hidden", "cell")),
    )


class _Dense(Structure):
    _fields_ = (
        ("weights", c_void_p),
        ("bias", c_void_p),
        ("inputs", c_int64),
        ("outputs", c_int64),
    )


class _Ngrams(Structure):
    _fields_ = (
        *((name, c_int64) for name in ("order", "vocab_size", "num_buckets", "width")),
        *((name, c_void_p) for name in ("buckets", "keys", "table")),
        ("is_half", c_int64),
        ("bias", c_void_p),
    )


class _Classifier(Structure):
    _fields_ = (
        ("network", POINTER(_Network)),
        *((name, c_int64) for name in ("is_concat", "num_dense", "num_classes")),
        ("dense", POINTER(_Dense)),
        ("ngrams", POINTER(_Ngrams)),
    )


class _Reading(Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("highest", "total", "ngram_sums")),
        *((name, c_void_p) for name in ("counts", "last_ids", "temperatures")),
        ("is_each", c_int64),
        ("probs", c_void_p),
    )


class _Held:
    """Structures of one network, and the arrays whose addresses they hold."""

    def __init__(self, instruction_set: str, table_bytes: int) -> None:
        self._arrays: list[NDArray[Any]] = []
        self._instruction_set = instruction_set
        self._table_bytes = table_bytes

    def at(self, array: NDArray[Any]) -> int:
        """Return an array's address, which stays good as long as this does."""
        self._arrays.append(array)
        return array.ctypes.data

    def matrix(self, matrix: weights.Matrix) -> _Matrix:
        sums = matrix.packed.sum(axis=(1, 3), dtype=np.int32).reshape(-1)
        arrays = (matrix.packed, matrix.scales, sums * np.int32(-128), matrix.bias)
        return _Matrix(*map(self.at, arrays), *matrix.packed.shape[:2])

    def network(self, network: weights.Network) -> _Network:
        pairs = [_Direction(*map(self.matrix, pair)) for one in network.layers for pair in one]
        decoder = network.decoder
        made = _Network(
            CELLS[network.cell],
            len(network.layers),
            network.num_directions,
            network.units,
            (_Direction * len(pairs))(*pairs),
            None if network.embedding is None else self.at(network.embedding),
            self.at(network.embedding_scales),
            network.layers[0][0][0].packed.shape[1],
            None if decoder is None else ctypes.pointer(self.matrix(decoder)),
        )
        for direction in range(network.num_directions):
            self._tabulate(made, direction, network)
        return made

    def _tabulate(self, made: _Network, direction: int, network: weights.Network) -> None:
        """Multiply the first layer's inputs for the first tokens, the frequent ones, once."""
        outputs = network.layers[0][direction][0].num_outputs
        count = min(len(network.embedding_scales), self._table_bytes // (4 * outputs))
        table = np.empty((count, outputs), np.float32)
        function = _function(
            "tabulate", self._instruction_set, [c_void_p, c_int64, c_int64, c_void_p]
        )
        _check(function(byref(made), direction, count, _at(table)))
        made.directions[direction].table = self.at(table)
        made.directions[direction].table_rows = count

    def classifier(self, classifier: weights.Classifier) -> _Classifier:
        layers = [
            _Dense(self.at(matrix), self.at(bias), *matrix.shape)
            for matrix, bias in classifier.dense
        ]
        ngrams = classifier.ngrams
        return _Classifier(
            ctypes.pointer(self.network(classifier.network)),
            classifier.is_concat,
            len(layers),
            classifier.num_classes,
            (_Dense * len(layers))(*layers),
            None if ngrams is None else ctypes.pointer(self.ngrams(ngrams)),
        )

    def ngrams(self, ngrams: weights.Ngrams) -> _Ngrams:
        return _Ngrams(
            *(ngrams.order, ngrams.vocab_size, len(ngrams.buckets), ngrams.table.shape[1]),
            *map(self.at, (ngrams.buckets, ngrams.keys, ngrams.table)),
            ngrams.table.dtype == np.float16,
            self.at(ngrams.bias),
        )


class NativeClassifier:
    """A classifier that the compiled engine runs; see `engine.ClassifierEngine`.

    Args:
        classifier: What is run.
        instruction_set: One of `available`.
        table_bytes: What the first layer's products of frequent tokens may take.
    """

    def __init__(
        self,
        classifier: weights.Classifier,
        instruction_set: str,
        table_bytes: int = TABLE_BYTES,
    ) -> None:
        """Look the function up."""
        self._held = _Held(instruction_set, table_bytes)
        self._classifier = self._held.classifier(classifier)
        self._function = _function("classify", instruction_set, [c_void_p] * 3)

    def classify(self, batch: Batch, reading: Reading) -> None:
        """Read a batch; see `engine.ClassifierEngine`."""
        arrays = (reading.highest, reading.total, reading.ngram_sums, reading.counts)
        more = (reading.last_ids, reading.temperatures)
        carried = _Reading(*map(_at, arrays + more), reading.is_each, _at(reading.probs))
        _check(self._function(byref(self._classifier), byref(_batch(batch)), byref(carried)))


class NativePredictor:
    """A language model that the compiled engine runs; see `engine.PredictorEngine`.

    Args:
        network: What is run; it has a decoder.
        instruction_set: One of `available`.
        table_bytes: What the first layer's products of frequent tokens may take.
    """

    def __init__(
        self, network: weights.Network, instruction_set: str, table_bytes: int = TABLE_BYTES
    ) -> None:
        """Look the function up."""
        self._held = _Held(instruction_set, table_bytes)
        self._network = self._held.network(network)
        self._function = _function("predict", instruction_set, [c_void_p] * 2 + [c_int64, c_void_p])

    def predict(self, batch: Batch, logits: Floats, *, is_each: bool) -> None:
        """Read a batch; see `engine.PredictorEngine`."""
        _check(self._function(byref(self._network), byref(_batch(batch)), is_each, _at(logits)))


def _function(name: str, instruction_set: str, arguments: Sequence[Any]) -> Any:
    function = getattr(_library(), f"{name}_{instruction_set}")
    function.argtypes = arguments
    return function


def _batch(batch: Batch) -> _Batch:
    arrays = (batch.token_ids, batch.active, batch.lengths, batch.hidden, batch.cell)
    return _Batch(len(batch.lengths), len(batch.active), *map(_at, arrays))


def _at(array: NDArray[Any]) -> int:
    """Return the address of an array of a call; 0 for one with nothing in it.

    A quarter of what `array.ctypes` takes, which a short text would notice a dozen times.
    """
    return ctypes.addressof(ctypes.c_char.from_buffer(array.data)) if array.size else 0


def _check(failed: int) -> None:
    if failed:
        raise MemoryError("there is no memory for a batch")
