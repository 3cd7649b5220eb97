"""One bad row fails alone: a batch that raises is run again, row by row.

Rows of a generator that fail come back as NaN, like those of a model that computes no numbers;
whoever reads them checks for that once.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from service.engine.arrays import Bools, Floats, Ints
from service.engine.stepping import State, StepGraph, join_rows, take_rows

logger = logging.getLogger(__name__)


def is_sound(outputs: Floats) -> Bools:
    """Return (rows,) which of (rows, columns) probabilities or logits can be used."""
    sound: Bools = np.isfinite(outputs.max(axis=1))  # NaN and infinity come out on top
    return sound


def outputs_of_each(
    run: Callable[[Sequence[Any]], Sequence[Any]], inputs: Sequence[Any]
) -> Sequence[Any]:
    """Return what `run` gives for each input, None for those on which it fails."""
    try:
        return run(inputs)
    except Exception:
        _log_failure(len(inputs))
    outputs: list[Any] = [None] * len(inputs)
    for row, one in enumerate(inputs if len(inputs) > 1 else ()):
        try:
            [outputs[row]] = run([one])
        except Exception:
            _log_failure(1)
    return outputs


def run_each(
    graph: StepGraph, sequences: Sequence[Sequence[Any]], state: State, *, vocab_size: int
) -> tuple[Floats, State]:
    """Feed each row its tokens; rows on which the model fails get NaN logits and no new state."""
    try:
        return graph.run(sequences, state)
    except Exception:
        return _run_alone(graph, sequences, state, vocab_size=vocab_size)


def step_each(
    graph: StepGraph, token_ids: Ints, state: State, *, vocab_size: int
) -> tuple[Floats, State]:
    """Feed each row its one token; failures as in `run_each`."""
    try:
        return graph.step(token_ids, state)
    except Exception:
        sequences = [[token_id] for token_id in token_ids.tolist()]
        return _run_alone(graph, sequences, state, vocab_size=vocab_size)


def _run_alone(
    graph: StepGraph, sequences: Sequence[Sequence[Any]], state: State, *, vocab_size: int
) -> tuple[Floats, State]:
    """Run rows one by one after they failed together; called while that failure is handled."""
    _log_failure(len(sequences))
    logits = np.full((len(sequences), vocab_size), np.nan, np.float32)
    states = [take_rows(state, slice(row, row + 1)) for row in range(len(sequences))]
    for row, sequence in enumerate(sequences if len(sequences) > 1 else ()):
        try:
            logits[row], states[row] = graph.run([sequence], states[row])
        except Exception:
            _log_failure(1)
    return logits, join_rows(states)


def _log_failure(num_rows: int) -> None:
    logger.exception("the model failed on a batch of %d", num_rows)
