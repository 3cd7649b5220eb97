"""What an 8-bit form of a version is to those who make and measure one; each task has its own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_store import eight_bit
from model_store.config import INT8_WEIGHTS, TaskConfig
from model_store.discovery import found_in
from model_store.errors import CorruptVersion
from model_store.onnx_runtime import ort
from model_store.safetensors_file import open_tensors
from model_store.version import StoredVersion
from recurrent.weights import BadWeights, Tensors

WEIGHTS = "weights.safetensors"

Floats = NDArray[np.floating]
Texts = Sequence[tuple[str, str | None]]
"""Texts with their labels, if they have any."""

Run = Callable[[Sequence[int]], Floats]
"""From a text's tokens to what `golden.json` holds for it."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What 8 bits cost.

    Args:
        figure: Name of what was measured: "accuracy", "agreement" or "nats".
        before: In floats.
        after: In 8 bits.
        count: Texts, or tokens.
        largest: Largest change of a probability, or of a token's log probability.
    """

    figure: str
    before: float
    after: float
    count: int
    largest: float

    @property
    def lost(self) -> float:
        """How much worse the 8-bit form is, to nine decimals: 1 - 0.999 is 0.001, not above it."""
        worse = self.after - self.before if self.figure == "nats" else self.before - self.after
        return round(worse, 9)

    @property
    def shown(self) -> str:
        """All of it in a line."""
        kind = "tokens" if self.figure == "nats" else "texts"
        what = "nats a token" if self.figure == "nats" else self.figure
        return (
            f"{what} on {self.count:,} {kind}: {self.before:.4f} in floats, {self.after:.4f} in "
            f"8 bits; the largest change of a {'log ' if kind == 'tokens' else ''}probability is "
            f"{self.largest:.3f}"
        )


@dataclass(frozen=True, slots=True)
class EightBitForm:
    """How models for one task become 8-bit ones.

    Args:
        task: The task's name.
        max_loss: What may be lost unasked, see `Loss.lost`.
        quantized: Returns a version's weights in 8 bits, from its configuration and its weights in
            floats, by the names that trainings give them. Raises `ValueError` if the engine does
            not run such a network or a weight is no finite number, `KeyError` if one is missing.
        runner: Returns what runs a version, from its configuration and 8-bit weights.
        measure: Runs a version in floats and in 8 bits, from the version, its 8-bit weights and
            texts, of which those with a label count if there are any. Returns None if no text has
            anything to read; raises `ValueError` if a label is none of the model's.
    """

    task: str
    max_loss: float
    quantized: Callable[[TaskConfig, Tensors], dict[str, NDArray[Any]]]
    runner: Callable[[TaskConfig, Tensors], Run]
    measure: Callable[[StoredVersion, Tensors, Texts], Loss | None]


@cache
def eight_bit_forms() -> dict[str, EightBitForm]:
    """Return the forms that there are, by task."""
    return {form.task: form for form in found_in(eight_bit, "FORM")}


def in_floats(stored: StoredVersion) -> ort.InferenceSession:
    """Return the graph that a version is in floats, for one thread.

    Raises:
        CorruptVersion: If ONNX Runtime cannot open it; also as in its `read`.
        StoreUnavailable: As in its `read`.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    weights = stored.read(WEIGHTS)
    options.add_external_initializers_from_files_in_memory([WEIGHTS], [weights], [len(weights)])
    graph = stored.read("model.onnx")
    try:
        return ort.InferenceSession(graph, options)
    except Exception as exc:  # the library raises plain Exception
        raise CorruptVersion(f"{stored.name}:{stored.version}", "model.onnx", str(exc)) from exc


@contextmanager
def in_8_bits(stored: StoredVersion) -> Iterator[Tensors]:
    """Give a version's 8-bit weights, in the file's own memory, to those who open them within.

    Raises:
        CorruptVersion: If they are not of this version's network; also as in its `map`.
        StoreUnavailable: As in its `map`.
    """
    data = stored.map(INT8_WEIGHTS)
    called = f"{stored.name}:{stored.version}"
    try:
        tensors = open_tensors(data)
    except ValueError as exc:
        raise CorruptVersion(called, INT8_WEIGHTS, str(exc)) from exc
    try:
        yield tensors
    except BadWeights as exc:
        raise CorruptVersion(called, INT8_WEIGHTS, str(exc)) from exc


def ints(numbers: Sequence[int] | Sequence[Sequence[int]]) -> NDArray[np.int32]:
    """Return numbers as graphs take them."""
    return np.array(numbers, np.int32)
