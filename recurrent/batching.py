"""Texts of mixed lengths as the engine reads them: step by step, the longest first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recurrent.packing import Floats
from recurrent.weights import Ints


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """Some texts, and where the network stands in each.

    Args:
        token_ids: (tokens,) all texts' first tokens, then all second ones, …
        active: (steps,) how many texts have a token at each step.
        lengths: (rows,) of the texts, falling.
        hidden: (num_layers, num_directions, rows, units) before the first step; overwritten with
            what is there after each text's last.
        cell: The same of an LSTM's cells; unused by other networks.
    """

    token_ids: Ints
    active: Ints
    lengths: Ints
    hidden: Floats
    cell: Floats


def longest_first(sequences: Sequence[Sequence[int]]) -> list[int]:
    """Return the places of texts in the order in which a batch has them."""
    return sorted(range(len(sequences)), key=lambda place: -len(sequences[place]))


def lay_out(sequences: Sequence[Sequence[int]]) -> tuple[Ints, Ints, Ints]:
    """Return `token_ids`, `active` and `lengths` of texts, the longest first, none empty."""
    if len(sequences) == 1:
        (one,) = sequences
        return np.array(one, np.int32), np.ones(len(one), np.int32), np.array([len(one)], np.int32)
    lengths = np.array([len(one) for one in sequences], np.int32)
    by_row = np.zeros((len(sequences), lengths[0]), np.int32)
    for row, one in zip(by_row, sequences, strict=True):
        row[: len(one)] = one
    is_token = np.arange(lengths[0]) < lengths[:, None]
    active = is_token.sum(axis=0, dtype=np.int32)
    return np.ascontiguousarray(by_row.T[is_token.T]), active, lengths
