"""A tagger's graph: words and their characters in, probabilities of each word's labels out."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model_store.tasks.token_classification import TaggerConfig
from service.engine.arrays import Floats
from service.engine.runtime import open_session, pad, rows_are_independent

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """A text as the graph reads it: an id for each word, and the ids of its characters."""

    word_ids: Sequence[int]
    char_ids: Sequence[Sequence[int]]

    def __len__(self) -> int:
        """Return the number of words, at least 1."""
        return len(self.word_ids)


class TaggerRuntime:
    """A tagger's graph. The characters of a word always have the same number of places.

    Args:
        config: The model's configuration.
        model: `model.onnx`.
        weights: `weights.safetensors`, if the graph leaves its weights there.
    """

    def __init__(self, config: TaggerConfig, model: bytes, *, weights: bytes | None) -> None:
        """Load the graph."""
        self._model = open_session(model, weights)
        self._places = config.max_word_chars
        self._is_batchable = rows_are_independent(config)

    def probs(self, texts: Sequence[Words]) -> list[Floats]:
        """Return (num_words, num_labels) probabilities of each text."""
        if self._is_batchable or len(texts) == 1:
            return self._probs(texts)
        return [self._probs([text])[0] for text in texts]

    def settle_promise(self, texts: Sequence[Words]) -> None:
        """Run texts one at a time from now on if on this processor these differ in a batch."""
        alone = [self._probs([text])[0] for text in texts]
        together = self._probs(texts)
        same = all(np.array_equal(*pair) for pair in zip(alone, together, strict=True))
        if self._is_batchable and not same:
            logger.warning("rows differ in a batch here: they are run one at a time, slowly")
            self._is_batchable = False

    def _probs(self, texts: Sequence[Words]) -> list[Floats]:
        word_ids, lengths = pad([text.word_ids for text in texts])
        char_ids = np.zeros((*word_ids.shape, self._places), np.int32)
        char_lengths = np.ones_like(word_ids)
        for row, text in enumerate(texts):
            spelled, counts = pad(text.char_ids)
            char_ids[row, : len(counts), : spelled.shape[1]] = spelled
            char_lengths[row, : len(counts)] = counts
        feed = {
            "word_ids": word_ids,
            "char_ids": char_ids,
            "char_lengths": char_lengths,
            "lengths": lengths,
        }
        probs: Floats = self._model.run(["probs"], feed)[0]
        return [one[:length] for one, length in zip(probs, lengths.tolist(), strict=True)]
