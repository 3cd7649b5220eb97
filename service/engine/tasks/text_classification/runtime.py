"""A text classifier's graphs: token ids in, probabilities out."""

import logging
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from model_store import ClassifierConfig
from service.engine.arrays import Floats
from service.engine.runtime import open_session, pad, rows_are_independent

logger = logging.getLogger(__name__)


class ClassifierGraph(Protocol):
    """What `Classifier` needs of a runtime."""

    @property
    def has_head(self) -> bool:
        """Whether one pass tells the probabilities after each token."""

    def probs(self, sequences: Sequence[Sequence[int]]) -> Floats:
        """Return (rows, num_classes) probabilities of sequences of any lengths from 1 up."""

    def trajectory(self, token_ids: Sequence[int]) -> Floats:
        """Return (tokens, num_classes) probabilities after each token of one sequence."""


class ClassifierRuntime:
    """A classifier's graphs.

    Args:
        config: The model's configuration.
        model: `model.onnx`.
        head: `head.onnx`, from pooled states to probabilities, if the model has one.
        weights: `weights.safetensors`, if the graphs leave their weights there.
    """

    def __init__(
        self,
        config: ClassifierConfig,
        model: bytes,
        *,
        head: bytes | None = None,
        weights: bytes | None = None,
    ) -> None:
        """Load the graphs."""
        self._model = open_session(model, weights)
        self._head = None if head is None else open_session(head, weights)
        self._pooling = config.pooling
        self._has_ngrams = config.ngrams > 0
        self._is_batchable = rows_are_independent(config)

    @property
    def has_head(self) -> bool:
        """Whether one pass tells the probabilities after each token."""
        return self._head is not None

    def probs(self, sequences: Sequence[Sequence[int]]) -> Floats:
        """Return (rows, num_classes) probabilities of sequences of any lengths from 1 up."""
        if self._is_batchable or len(sequences) == 1:
            return self._probs(sequences)
        return np.concatenate([self._probs([sequence]) for sequence in sequences])

    def _probs(self, sequences: Sequence[Sequence[int]]) -> Floats:
        token_ids, lengths = pad(sequences)
        probs: Floats = self._model.run(["probs"], {"token_ids": token_ids, "lengths": lengths})[0]
        return probs

    def settle_promise(self, sequences: Sequence[Sequence[int]]) -> None:
        """Run rows one at a time from now on if on this processor these differ in a batch."""
        alone = np.concatenate([self._probs([sequence]) for sequence in sequences])
        if self._is_batchable and not np.array_equal(self._probs(sequences), alone):
            logger.warning("rows differ in a batch here: they are run one at a time, slowly")
            self._is_batchable = False

    def trajectory(self, token_ids: Sequence[int]) -> Floats:
        """Return (tokens, num_classes) probabilities after each token of one sequence.

        One pass gives the hidden states; what the head would have seen after each token are the
        running last, max and mean of them.

        Raises:
            ValueError: If the model reads in both directions and so has no such states.
        """
        if self._head is None:
            raise ValueError("a bidirectional model has no probabilities after each token")
        ids, lengths = pad([token_ids])
        feed = {"token_ids": ids, "lengths": lengths}
        names = ["hidden_states", "ngram_logits"] if self._has_ngrams else ["hidden_states"]
        hidden_states, *ngram_logits = (rows[0] for rows in self._model.run(names, feed))
        seen = {"pooled": self._pool_each(hidden_states)}
        if ngram_logits:
            seen["ngram_logits"] = ngram_logits[0]
        probs: Floats = self._head.run(["probs"], seen)[0]
        return probs

    def _pool_each(self, hidden_states: Floats) -> Floats:
        if self._pooling == "last":
            return hidden_states
        highest = np.maximum.accumulate(hidden_states, axis=0)
        counts = np.arange(1, len(hidden_states) + 1)[:, None]
        mean = hidden_states.cumsum(axis=0, dtype=np.float64) / counts
        return np.concatenate([hidden_states, highest, mean.astype(np.float32)], axis=1)
