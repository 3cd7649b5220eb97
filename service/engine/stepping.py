"""What a model is to those who step it: rows of state in, logits and the next state out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from service.engine.arrays import Floats, Ints

State = tuple[Floats, ...]
"""One array for each part of the state, rows along the second axis: (num_layers, rows, size)."""


@dataclass(frozen=True, eq=False, slots=True)
class Standing:
    """Where one row stands, so that another request can go on from there.

    Args:
        state: Of the one row, after all tokens that were read.
        logits: (vocab_size,) of the next token; None where one is drawn that was not read yet.
    """

    state: State
    logits: Floats | None


class StepGraph(Protocol):
    """What stepping rows needs of a model."""

    def start_state(self, rows: int) -> State:
        """Return the state before the first token."""

    def run(self, sequences: Sequence[Sequence[Any]], state: State) -> tuple[Floats, State]:
        """Feed each row its tokens, of any lengths from 1 up; see `step`."""

    def step(self, token_ids: Ints, state: State) -> tuple[Floats, State]:
        """Feed each row one token.

        Args:
            token_ids: (rows,).
            state: Where the rows are; not changed.

        Returns:
            (rows, vocab_size) logits of the next token, and the new state.
        """


def take_rows(state: State, rows: slice | Ints) -> State:
    """Return the state of some rows, as contiguous copies."""
    if isinstance(rows, slice):
        return tuple(np.ascontiguousarray(part[:, rows]) for part in state)
    return tuple(part.take(rows, axis=1) for part in state)


def join_rows(states: Sequence[State]) -> State:
    """Return one state of all rows in order."""
    if len(states) == 1:
        return states[0]
    return tuple(np.concatenate(parts, axis=1) for parts in zip(*states, strict=True))
