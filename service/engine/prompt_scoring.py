"""How probable each token of a prompt was: the network is stepped through it token by token.

A stored graph gives logits after the last token of what it is fed and after no other, so a prompt
whose every token is to be scored takes a step of the graph for each. Prompts are stepped side by
side, and a stretch of them in one go. Knows no request and no thread.
"""

from collections.abc import Sequence

import numpy as np

from service.engine.arrays import Floats
from service.engine.isolation import is_sound, run_each
from service.engine.stepping import State, StepGraph, join_rows, take_rows
from service.engine.token_sampler import TokenLogprobs, best, log_softmax

SCORED_CHUNK = 32
"""Tokens of a prompt scored in one go: 32 steps of an LSTM 448 take 7 ms, as reading 64 does."""


def step_through(
    graph: StepGraph, chunks: Sequence[Sequence[int]], state: State, *, vocab_size: int
) -> tuple[list[Floats], State]:
    """Feed each row its tokens one after the other.

    Args:
        graph: The model.
        chunks: The tokens of each row, at least one.
        state: Where the rows are; not changed.
        vocab_size: Width of the logits.

    Returns:
        For each row (tokens, vocab_size) logits after each of its tokens, all NaN if the model
        failed on one; and the state after its last.
    """
    longest_first = sorted(range(len(chunks)), key=lambda row: -len(chunks[row]))
    live = state if len(chunks) == 1 else take_rows(state, np.array(longest_first))
    steps: list[list[Floats]] = [[] for _ in chunks]
    ends: dict[int, State] = {}
    for place in range(len(chunks[longest_first[0]])):
        rows = [row for row in longest_first if len(chunks[row]) > place]
        if place and len(rows) < live[0].shape[1]:
            live = take_rows(live, slice(len(rows)))
        tokens = [[chunks[row][place]] for row in rows]
        logits, live = run_each(graph, tokens, live, vocab_size=vocab_size)
        for column, row in enumerate(rows):
            steps[row].append(logits[column])
            if len(chunks[row]) == place + 1:
                ends[row] = take_rows(live, slice(column, column + 1))
    return [_all_or_none(np.stack(own)) for own in steps], join_rows(
        [ends[row] for row in range(len(chunks))]
    )


def score(logits: Floats, token_ids: Sequence[int], num_best: int) -> list[TokenLogprobs]:
    """Tell how probable tokens were, and the most probable ones in their places.

    Args:
        logits: (tokens, vocab_size) before each of them.
        token_ids: The tokens.
        num_best: How many of the most probable ones.
    """
    return [
        TokenLogprobs(float(row[token_id]), best(row, num_best))
        for row, token_id in zip(log_softmax(logits), token_ids, strict=True)
    ]


def _all_or_none(logits: Floats) -> Floats:
    return logits if is_sound(logits).all() else np.full_like(logits, np.nan)
