"""The answers that a generator is writing now: which they are, their tokens, when they end.

A row of the running batch has a slot, a place in preallocated tables that it keeps while rows
around it come and go. Per step only whole-array operations are done, whatever the number of rows.

    batch row    0   1   2          slots [4, 0, 7]
                 │   │   │
    table slot   4   0   7          tokens (capacity, max_tokens), joined (capacity,), ...
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from service.engine.arrays import Bools, Floats, Ints
from service.engine.generation_handle import Generation
from service.engine.text_stream import StopFinder
from service.engine.token_sampler import TokenLogprobs

NEVER = math.inf
FAR = 2**62  # no step count gets there


@dataclass(eq=False, slots=True)
class Row:
    """One answer being written.

    Args:
        generation: The request that it is of.
        index: Which of its answers.
        finder: Looks for its stop texts, if it has any.
        joined: `time.monotonic()` value at which it got its slot.
        slot: Its place in the tables; -1 before it joins.
        num_sent: Tokens that the caller's side has.
        logprobs: Of the tokens not sent yet, if they were asked for.
    """

    generation: Generation
    index: int
    finder: StopFinder | None
    joined: float
    slot: int = -1
    num_sent: int = 0
    logprobs: list[TokenLogprobs] = field(default_factory=list)


class Rows:
    """The live rows in batch order.

    Args:
        capacity: Rows at most.
        max_tokens: Tokens of a row at most.
        vocab_size: Number of tokens there are.
    """

    def __init__(self, capacity: int, max_tokens: int, vocab_size: int) -> None:
        """Preallocate the tables."""
        self.live: list[Row] = []
        self._free = list(range(capacity))
        self._clock = 0  # steps made; every live row gets one token in each
        self._tokens: Ints = np.zeros((capacity, max_tokens), np.int32)
        self._joined: Ints = np.zeros(capacity, np.intp)  # clock
        self._full_at: Ints = np.zeros(capacity, np.intp)  # clock
        self._enders: Bools = np.zeros((capacity, vocab_size), np.bool_)
        self._send_at: Floats = np.full(capacity, NEVER)
        self._select()

    def __len__(self) -> int:
        """Return the number of live rows."""
        return len(self.live)

    @property
    def num_free(self) -> int:
        """Rows that could join."""
        return len(self._free)

    @property
    def counts(self) -> Ints:
        """(rows,) tokens that each row has."""
        return self._clock - self._row_joined

    def join(self, row: Row, enders: Bools) -> None:
        """Give a row a slot, at the end of the batch.

        Args:
            row: The row.
            enders: (vocab_size,) the tokens after which it may have to end before its limit.
        """
        slot = row.slot = self._free.pop()
        self._joined[slot] = self._clock
        self._full_at[slot] = self._clock + row.generation.params.max_tokens
        self._enders[slot] = enders
        self._send_at[slot] = 0.0 if row.generation.is_streaming else NEVER
        self.live.append(row)
        self._select()

    def leave(self, is_leaving: Bools) -> None:
        """Take out the rows marked in (rows,); the others keep their order."""
        self._free += self.slots[is_leaving].tolist()
        leaving = is_leaving.tolist()
        self.live = [row for row, leaves in zip(self.live, leaving, strict=True) if not leaves]
        self._select()

    def record(self, token_ids: Ints) -> Bools:
        """Append one token to each row; return which rows may have to end now."""
        self._tokens[self.slots, self.counts] = token_ids
        self._clock += 1
        may_end: Bools = self._enders[self.slots, token_ids]
        if self._clock >= self._next_full:
            may_end |= self._full_at[self.slots] <= self._clock
        return may_end

    def tokens(self, row: Row) -> list[int]:
        """Return all tokens of a row."""
        tokens: list[int] = self._tokens[row.slot, : self._count(row)].tolist()
        return tokens

    def is_full(self, row: Row) -> bool:
        """Whether a row has as many tokens as it may have."""
        return bool(self._full_at[row.slot] <= self._clock)

    def take_unsent(self, row: Row) -> tuple[list[int], Sequence[TokenLogprobs]]:
        """Return the tokens that the caller's side does not have, and note that it has them."""
        count = self._count(row)
        unsent = self._tokens[row.slot, row.num_sent : count].tolist()
        logprobs, row.logprobs, row.num_sent = row.logprobs, [], count
        return unsent, logprobs

    def listen(self, generation: Generation) -> None:
        """Send the rows of a request as they grow, from now on."""
        for row in self.live:
            if row.generation is generation and self._send_at[row.slot] == NEVER:
                self._send_at[row.slot] = 0.0
        self._next_send = 0.0

    def due(self, now: float, interval_s: float) -> list[Row]:
        """Return the rows to be sent now; each is due again after the interval.

        Those due within half of it go along, so that rows which began at different times are soon
        sent together: each time wakes their readers, and so takes the processor's caches.
        """
        if now < self._next_send:
            return []
        places = np.flatnonzero(self._send_at[self.slots] <= now + interval_s / 2)
        self._send_at[self.slots[places]] = now + interval_s
        self._next_send = self._send_at[self.slots].min(initial=NEVER)
        return [self.live[place] for place in places]

    def _count(self, row: Row) -> int:
        return self._clock - int(self._joined[row.slot])

    def _select(self) -> None:
        """Work out what holds until the next row joins or leaves."""
        self.slots: Ints = np.array([row.slot for row in self.live], np.intp)
        self._row_joined = self._joined[self.slots]
        self.carried = [row for row, one in enumerate(self.live) if one.generation.seal is not None]
        self._next_full = self._full_at[self.slots].min(initial=FAR)
        self._next_send = self._send_at[self.slots].min(initial=NEVER)
