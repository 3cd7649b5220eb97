"""A network in 8 bits as the engine takes it: plain arrays, checked once.

`kernels/layout.h` says the same to the compiler; `native` and `plain` run it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurrent.packing import QUAD, WIDTH, Bytes, Floats, UnsignedBytes, padded

CELLS = ("rnn", "lstm", "gru")
NUM_GATES = {"rnn": 1, "lstm": 4, "gru": 3}
DIRECTIONS = ("forward", "backward")
MAX_ORDER = 64  # tokens of an n-gram, kernels/ngrams.h
NUM_RESERVED = 3  # digits of an n-gram's key that are no tokens
MAX_INPUTS = 131_071  # of a product: sums of so many, each at most 2^14, fit 32 bits
MAX_FLOAT = 1e9  # of a scale, bias or weight: gates that are worked out of such stay finite

Tensors = Mapping[str, NDArray[Any]]
Ints = NDArray[np.int32]
LongInts = NDArray[np.int64]


class BadWeights(ValueError):
    """Tensors do not make a network; the message names the first that does not fit."""


@dataclass(frozen=True, eq=False, slots=True)
class Matrix:
    """A matrix of whole vectors.

    Args:
        packed: (blocks, quads, 16, 4), see `packing.pack`.
        scales: (blocks * 16,): what an output's sum of products is multiplied by.
        bias: (blocks * 16,).
    """

    packed: Bytes
    scales: Floats
    bias: Floats

    @property
    def num_outputs(self) -> int:
        """Outputs, those included that only fill a vector."""
        return int(self.packed.shape[0]) * WIDTH

    @property
    def num_inputs(self) -> int:
        """Inputs, those included that only fill a vector."""
        return int(self.packed.shape[1]) * QUAD


@dataclass(frozen=True, eq=False, slots=True)
class Network:
    """Recurrent layers over an embedding.

    Args:
        cell: "rnn", "lstm" or "gru".
        layers: For each layer its directions, for each the matrices of input and state.
        embedding: (vocab_size, padded inputs), 128 for zero; None where it is `decoder`'s rows.
        embedding_scales: (vocab_size,).
        decoder: From the last state to a language model's logits.
    """

    cell: str
    layers: tuple[tuple[tuple[Matrix, Matrix], ...], ...]
    embedding: UnsignedBytes | None
    embedding_scales: Floats
    decoder: Matrix | None = None

    @property
    def units(self) -> int:
        """Width of one direction's state, padded."""
        return self.layers[0][0][1].num_inputs

    @property
    def num_directions(self) -> int:
        """One, or two."""
        return len(self.layers[0])

    @property
    def width(self) -> int:
        """Width of a layer's output: all directions."""
        return self.units * self.num_directions


@dataclass(frozen=True, eq=False, slots=True)
class Ngrams:
    """The linear path of a classifier, see `training.nets.ngrams`.

    Args:
        order: Tokens of the longest n-gram.
        vocab_size: Of the tokenizer.
        buckets: (num_buckets,) rows of `table` by key modulo `num_buckets`.
        keys: (rows,), the key that each row is for.
        table: (rows, num_classes + 1) 16- or 32-bit floats.
        bias: (num_classes,).
    """

    order: int
    vocab_size: int
    buckets: Ints
    keys: LongInts
    table: NDArray[np.float16] | Floats
    bias: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Classifier:
    """A network with a head.

    Args:
        network: The recurrent layers.
        is_concat: Whether last, maximum and mean of the states are pooled, or the last alone.
        dense: Weights (inputs, padded outputs) and bias of each layer, the output layer last.
        num_classes: Classes.
        ngrams: The linear path, if there is one.
    """

    network: Network
    is_concat: bool
    dense: tuple[tuple[Floats, Floats], ...]
    num_classes: int
    ngrams: Ngrams | None = None


def network_of(
    tensors: Tensors,
    *,
    cell: str,
    hidden_size: int,
    num_layers: int,
    vocab_size: int,
    num_directions: int = 1,
    has_decoder: bool = False,
) -> Network:
    """Gather a network from its tensors.

    The compiled engine reads and writes by these sizes alone, so all must fit all of them.

    Raises:
        BadWeights: If one is missing, or has another shape or type than it must.
    """
    units = padded(hidden_size)
    gates, outputs = NUM_GATES[cell] * units, num_directions * units
    first_inputs = matrix_of(tensors, "layers.0.forward.input").num_inputs
    layers = []
    for layer in range(num_layers):
        directions = []
        for direction in DIRECTIONS[:num_directions]:
            name = f"layers.{layer}.{direction}"
            of_input = matrix_of(tensors, f"{name}.input")
            of_hidden = matrix_of(tensors, f"{name}.hidden")
            _check_size(f"{name}.input", of_input, (gates, outputs if layer else first_inputs))
            _check_size(f"{name}.hidden", of_hidden, (gates, units))
            directions.append((of_input, of_hidden))
        layers.append(tuple(directions))
    decoder = matrix_of(tensors, "decoder") if has_decoder else None
    if decoder is not None and decoder.num_inputs != outputs:
        raise BadWeights(f"decoder has {decoder.num_inputs} inputs, the last layer {outputs}")
    if decoder is not None and decoder.num_outputs < vocab_size:
        raise BadWeights(f"decoder has {decoder.num_outputs} outputs for {vocab_size} tokens")
    if "embedding.shifted" in tensors or decoder is None:
        embedding = take(tensors, "embedding.shifted", np.uint8, (vocab_size, first_inputs))
        scales = take(tensors, "embedding.scales", np.float32, (vocab_size,))
        return Network(cell, tuple(layers), embedding, scales, decoder)
    if decoder.num_inputs != first_inputs:
        raise BadWeights(f"decoder has {decoder.num_inputs} inputs, the embedding {first_inputs}")
    return Network(cell, tuple(layers), None, decoder.scales, decoder)


def classifier_of(
    tensors: Tensors,
    network: Network,
    *,
    is_concat: bool,
    num_dense: int,
    num_classes: int,
    ngrams: tuple[int, int] = (0, 0),
) -> Classifier:
    """Gather a classifier from its tensors.

    Args:
        tensors: Its tensors.
        network: Its recurrent layers.
        is_concat: See `Classifier`.
        num_dense: Layers of its head, the output layer included.
        num_classes: Classes.
        ngrams: Tokens of the longest n-gram, 0 for none, and of the vocabulary.

    Raises:
        BadWeights: As in `network_of`.
    """
    dense = []
    inputs = network.width * (3 if is_concat else 1)
    for layer in range(num_dense):
        weights = take(tensors, f"head.{layer}.weight", np.float32, (inputs, None))
        bias = take(tensors, f"head.{layer}.bias", np.float32, (weights.shape[1],))
        dense.append((weights, bias))
        inputs = weights.shape[1]
        if inputs % WIDTH:
            raise BadWeights(f"head.{layer}.weight has {inputs} outputs, no multiple of {WIDTH}")
    if inputs < num_classes:
        raise BadWeights(f"the head has {inputs} outputs for {num_classes} classes")
    path = _ngrams_of(tensors, *ngrams, num_classes) if ngrams[0] else None
    return Classifier(network, is_concat, tuple(dense), num_classes, path)


def matrix_of(tensors: Tensors, name: str) -> Matrix:
    """Gather one matrix; errors as in `network_of`."""
    packed = take(tensors, f"{name}.packed", np.int8, (None, None, WIDTH, QUAD))
    if packed.shape[1] * QUAD > MAX_INPUTS:
        raise BadWeights(
            f"{name} has {packed.shape[1] * QUAD} inputs, at most {MAX_INPUTS} can be summed"
        )
    outputs = (packed.shape[0] * WIDTH,)
    scales = take(tensors, f"{name}.scales", np.float32, outputs)
    return Matrix(packed, scales, take(tensors, f"{name}.bias", np.float32, outputs))


def take(tensors: Tensors, name: str, dtype: type, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Return a tensor of this type and shape, where None stands for any size from 1 up.

    Raises:
        BadWeights: If it is missing, or is another.
    """
    if name not in tensors:
        raise BadWeights(f"{name} is missing")
    array = tensors[name]
    fits = len(array.shape) == len(shape) and all(
        got == wanted if wanted is not None else got > 0
        for got, wanted in zip(array.shape, shape, strict=True)
    )
    if array.dtype != dtype or not fits or not array.flags.c_contiguous:
        shown = tuple("any" if size is None else size for size in shape)
        raise BadWeights(
            f"{name} is {array.dtype} {array.shape}, it must be {np.dtype(dtype)} {shown}"
        )
    if not array.flags.aligned:
        raise BadWeights(f"{name} stands where no {array.dtype} can: at no multiple of its size")
    if array.dtype.kind == "f" and not float(np.abs(array).max(initial=0)) <= MAX_FLOAT:
        raise BadWeights(f"{name} has a number beyond {MAX_FLOAT:g}, or one that is none")
    return array


def _check_size(name: str, matrix: Matrix, wanted: tuple[int, int]) -> None:
    got = (matrix.num_outputs, matrix.num_inputs)
    if got != wanted:
        raise BadWeights(f"{name} is for (outputs, inputs) {got}, it must be for {wanted}")


def _ngrams_of(tensors: Tensors, order: int, vocab_size: int, num_classes: int) -> Ngrams:
    if order > MAX_ORDER:
        raise BadWeights(f"n-grams of {order} tokens are too long: at most {MAX_ORDER}")
    if (vocab_size + NUM_RESERVED) ** order > np.iinfo(np.int64).max:
        raise BadWeights(f"keys of n-grams of {order} of {vocab_size} tokens do not fit 64 bits")
    table = tensors.get("ngrams.table")
    half = np.float16 if table is not None and table.dtype == np.float16 else np.float32
    table = take(tensors, "ngrams.table", half, (None, num_classes + 1))
    buckets = take(tensors, "ngrams.buckets", np.int32, (None,))
    if not ((buckets >= 0) & (buckets < len(table))).all():
        raise BadWeights("ngrams.buckets names rows that ngrams.table has not")
    keys = take(tensors, "ngrams.keys", np.int64, (len(table),))
    bias = take(tensors, "ngrams.bias", np.float32, (num_classes,))
    return Ngrams(order, vocab_size, buckets, keys, table, bias)
