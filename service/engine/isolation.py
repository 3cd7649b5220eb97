"""One bad row fails alone: a batch that raises is run again, row by row.

Rows that fail come back as NaN, like those of a model that computes no numbers; whoever reads
them checks for that once.
"""

import logging
from collections.abc import Sequence

import numpy as np

from service.engine.arrays import Bools, Floats, Ints
from service.engine.runtime import ClassifierGraph, GeneratorGraph, State, join_rows, take_rows

logger = logging.getLogger(__name__)


def is_sound(outputs: Floats) -> Bools:
    """Return (rows,) which of (rows, columns) probabilities or logits can be used."""
    sound: Bools = np.isfinite(outputs.max(axis=1))  # NaN and infinity come out on top
    return sound


def probs_of_each(
    graph: ClassifierGraph, sequences: Sequence[Sequence[int]], num_classes: int
) -> Floats:
    """Return (rows, num_classes) probabilities, NaN for rows on which the model fails."""
    try:
        return graph.probs(sequences)
    except Exception:
        _log_failure(len(sequences))
    probs = np.full((len(sequences), num_classes), np.nan, np.float32)
    for row, sequence in enumerate(sequences if len(sequences) > 1 else ()):
        try:
            probs[row] = graph.probs([sequence])[0]
        except Exception:
            _log_failure(1)
    return probs


def run_each(
    graph: GeneratorGraph, sequences: Sequence[Sequence[int]], state: State, *, vocab_size: int
) -> tuple[Floats, State]:
    """Feed each row its tokens; rows on which the model fails get NaN logits and no new state."""
    try:
        return graph.run(sequences, state)
    except Exception:
        return _run_alone(graph, sequences, state, vocab_size=vocab_size)


def step_each(
    graph: GeneratorGraph, token_ids: Ints, state: State, *, vocab_size: int
) -> tuple[Floats, State]:
    """Feed each row its one token; failures as in `run_each`."""
    try:
        return graph.step(token_ids, state)
    except Exception:
        sequences = [[token_id] for token_id in token_ids.tolist()]
        return _run_alone(graph, sequences, state, vocab_size=vocab_size)


def _run_alone(
    graph: GeneratorGraph, sequences: Sequence[Sequence[int]], state: State, *, vocab_size: int
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
