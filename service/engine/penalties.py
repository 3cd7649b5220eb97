"""Logit biases, and penalties for tokens that a row has seen: numpy in, numpy out.

Only the few logits that a row has a reason to change are touched. Knows no randomness, no model
and no thread.
"""

from collections.abc import Sequence

import numpy as np

from service.engine.arrays import Bools, Floats, Ints
from service.engine.sampling_params import SamplingParams


class Penalties:
    """What changes the logits of live rows, by slot (see `sampler.Sampler`).

    The tables are made when the first row needs them: most never do.

    Args:
        capacity: Number of slots.
        vocab_size: Width of the logits.
    """

    def __init__(self, capacity: int, vocab_size: int) -> None:
        """Start with no row that needs a change."""
        self._shape = (capacity, vocab_size)
        self._is_used = np.zeros(capacity, np.bool_)
        self._factors = np.zeros((3, capacity), np.float32)  # repetition, presence, frequency
        self._tables: _Tables | None = None
        self._rows: Ints = np.zeros(0, np.intp)

    def assign(self, slot: int, params: SamplingParams, prompt: Sequence[int]) -> None:
        """Give a slot to a new row, whose prompt counts as seen by `repetition_penalty`."""
        self._is_used[slot] = params.has_penalties or bool(params.logit_bias)
        if not self._is_used[slot]:
            return
        if self._tables is None:
            self._tables = _Tables(self._shape)
        self._tables.fill(slot, params.logit_bias, prompt)
        self._factors[:, slot] = (
            params.repetition_penalty,
            params.presence_penalty,
            params.frequency_penalty,
        )

    def select(self, slots: Ints) -> None:
        """Say which slots the rows of the next calls belong to, in their order."""
        self._rows = np.flatnonzero(self._is_used[slots])
        self._slots = slots[self._rows]

    def apply(self, logits: Floats) -> None:
        """Change (rows, vocab_size) logits in place, where a row has a reason to."""
        if not len(self._rows) or self._tables is None:
            return
        places, tokens = np.nonzero(self._tables.touched[self._slots])
        rows, slots = self._rows[places], self._slots[places]
        repetition, presence, frequency = self._factors[:, slots]
        counts = self._tables.counts[slots, tokens]
        values = logits[rows, tokens]
        repeated = np.where(values > 0, values / repetition, values * repetition)
        values = np.where(self._tables.seen[slots, tokens], repeated, values)
        values += self._tables.bias[slots, tokens]
        logits[rows, tokens] = values - presence * (counts > 0) - frequency * counts

    def record(self, token_ids: Ints) -> None:
        """Count the (rows,) tokens that were drawn."""
        if not len(self._rows) or self._tables is None:
            return
        drawn = token_ids[self._rows]
        self._tables.touched[self._slots, drawn] = True
        self._tables.seen[self._slots, drawn] = True
        self._tables.counts[self._slots, drawn] += 1


class _Tables:
    """(capacity, vocab_size) facts about each slot's tokens.

    `touched`: may need a change; `seen`: in prompt or answer; `counts`: how often in the answer;
    `bias`: added to the logit.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.touched: Bools = np.zeros(shape, np.bool_)
        self.seen: Bools = np.zeros(shape, np.bool_)
        self.counts: Ints = np.zeros(shape, np.int32)
        self.bias: Floats = np.zeros(shape, np.float32)

    def fill(
        self, slot: int, logit_bias: Sequence[tuple[int, float]], prompt: Sequence[int]
    ) -> None:
        for table in (self.touched, self.seen, self.counts, self.bias):
            table[slot] = 0
        self.seen[slot, np.array(prompt, np.intp)] = True
        for token_id, value in logit_bias:
            self.bias[slot, token_id] = value
            self.touched[slot, token_id] = True
        self.touched[slot] |= self.seen[slot]
