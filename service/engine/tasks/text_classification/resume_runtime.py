"""Reads texts in parts: the graph of a text classifier that goes on from where it stood.

Its answers have the bits of the whole text read at once, which is proved when it is loaded.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from model_store import ClassifierConfig
from model_store.onnx_runtime import ort
from service.engine.arrays import Floats
from service.engine.runtime import open_session, pad

NO_TOKEN = -2  # among the last tokens of a text, what stands before its start
ROWS_SECOND = ("hidden", "cell")  # arrays (num_layers, rows, size); the others are (rows, size)


@dataclass(frozen=True, eq=False, slots=True)
class TextState:
    """Where the reading of one text stands.

    Args:
        num_tokens: Tokens read so far.
        last_ids: The last of them, as many as the longest n-gram reaches back.
        arrays: What the graph goes on from, by name, each of one row.
        probs: (num_classes,) of the text so far; empty before the first token.
    """

    num_tokens: int
    last_ids: tuple[int, ...]
    arrays: Mapping[str, Floats]
    probs: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """The next part of a text: its tokens, at least one, and where the reading stands."""

    token_ids: Sequence[int]
    before: TextState

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.token_ids)


class TextReader(Protocol):
    """Reads texts in parts.

    Args:
        start: Where a text stands before its first token.
        num_last: Tokens back to the first of the longest n-gram.
    """

    start: TextState
    num_last: int

    def open(self) -> None:
        """Get ready to read; raises `StoreError`."""

    def read(self, readings: Sequence[Reading]) -> list[TextState]:
        """Return where each text stands after its next part; it must be open."""


class ResumeRuntime:
    """The graph of a classifier that reads on.

    It is loaded for the first caller who needs it: most workers never have one, and it takes what
    the recurrent layers take (10 MB of an LSTM 2 x 256).

    Args:
        config: The model's configuration.
        graph: `resume.onnx`.
        read_weights: Returns `weights.safetensors`, if the graph leaves its weights there; raises
            `StoreError`.
    """

    def __init__(
        self, config: ClassifierConfig, graph: bytes, read_weights: Callable[[], bytes | None]
    ) -> None:
        """Work out what is carried; the graph is not loaded yet."""
        self._graph = graph
        self._read_weights = read_weights
        self._session: ort.InferenceSession | None = None
        self._opening = threading.Lock()
        layers = (config.num_layers, 1, config.hidden_size)
        kinds = ROWS_SECOND[: 2 if config.cell == "lstm" else 1]
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(kinds, layers)
        if config.pooling == "concat":
            shapes |= dict.fromkeys(("total", "highest"), (1, config.hidden_size))
        if config.ngrams:
            shapes["ngram_sums"] = (1, len(config.labels) + 1)
        self.num_last = max(0, config.ngrams - 1)
        arrays = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        if "highest" in arrays:
            arrays["highest"][:] = np.finfo(np.float32).min
        nothing = (NO_TOKEN,) * self.num_last
        self.start = TextState(0, nothing, arrays, np.zeros(0, np.float32))

    def open(self) -> None:
        """Load the graph, unless it is; raises `StoreError`."""
        with self._opening:
            self._session = self._session or self._load()

    def read(self, readings: Sequence[Reading]) -> list[TextState]:
        """Return where each text stands after its next part; it must be open."""
        assert self._session is not None, "opened for who has readings"
        return self._run(self._session, readings)

    def _load(self) -> ort.InferenceSession:
        return open_session(self._graph, self._read_weights())

    def _run(self, session: ort.InferenceSession, readings: Sequence[Reading]) -> list[TextState]:
        token_ids, lengths = pad([list(one.token_ids) for one in readings])
        befores = [one.before for one in readings]
        names = list(self.start.arrays)
        feed = {
            name: np.concatenate([one.arrays[name] for one in befores], axis=_axis(name))
            for name in names
        }
        feed |= {"token_ids": token_ids, "lengths": lengths}
        feed["count"] = np.array([one.num_tokens for one in befores], np.int32)
        if self.num_last:
            feed["ngram_ids"] = np.array([one.last_ids for one in befores], np.int32)
        probs, *arrays = session.run(["probs", *(f"{name}_out" for name in names)], feed)
        after = dict(zip(names, arrays, strict=True))
        return [
            TextState(
                one.before.num_tokens + len(one),
                self._last_ids(one),
                {name: _row(array, name, row) for name, array in after.items()},
                probs[row],
            )
            for row, one in enumerate(readings)
        ]

    def keeps_bits(
        self, sequences: Sequence[Sequence[int]], probs: Callable[[Sequence[Sequence[int]]], Floats]
    ) -> bool:
        """Tell whether texts read in two parts, side by side, have the answers of `probs`.

        The graph is loaded for that, and let go of.
        """
        session = self._load()
        firsts = [Reading(one[: (len(one) + 1) // 2], self.start) for one in sequences]
        states = self._run(session, firsts)
        seconds = {
            place: Reading(one[len(first) :], state)
            for place, (one, first, state) in enumerate(zip(sequences, firsts, states, strict=True))
            if len(one) > len(first)
        }
        ends = dict(zip(seconds, self._run(session, list(seconds.values())), strict=True))
        got = [ends.get(place, state).probs for place, state in enumerate(states)]
        return np.array_equal(np.stack(got), probs(sequences))

    def _last_ids(self, reading: Reading) -> tuple[int, ...]:
        ids = (*reading.before.last_ids, *reading.token_ids)
        return ids[len(ids) - self.num_last :]


def _axis(name: str) -> int:
    return 1 if name in ROWS_SECOND else 0


def _row(array: Floats, name: str, row: int) -> Floats:
    part = slice(row, row + 1)
    return np.ascontiguousarray(array[:, part] if name in ROWS_SECOND else array[part])
