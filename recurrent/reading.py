"""Where a classifier stands in some texts, and what it answers."""

from dataclasses import dataclass

import numpy as np

from recurrent.packing import Floats
from recurrent.weights import Ints

NO_TOKEN = -2  # among the last tokens of a text, what stands before its start
LOWEST = np.finfo(np.float32).min  # the maximum of no states


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """What a classifier goes on from besides the states of its layers, and its answers.

    Args:
        highest: (rows, width) maximum of the last layer's states so far; overwritten.
        total: (rows, width) their sum; overwritten.
        ngram_sums: (rows, num_classes + 1) what the n-grams so far add up to; overwritten.
        counts: (rows,) tokens read before.
        last_ids: (rows, order - 1) the last of them, `NO_TOKEN` for none.
        temperatures: (answers,) what the network's logits are divided by.
        is_each: An answer after each token of the one text, instead of one for each text.
        probs: (answers, num_classes), written.
    """

    highest: Floats
    total: Floats
    ngram_sums: Floats
    counts: Ints
    last_ids: Ints
    temperatures: Floats
    is_each: bool
    probs: Floats
