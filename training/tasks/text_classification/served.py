"""Exported classifiers run as the service runs them: text in, answers out, one processor thread.

For measuring what is served rather than what was trained. Slow and plain: no batching across
callers; that is the service's.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from model_store import ClassifierConfig, StoredVersion, Tokenizer
from model_store.eight_bit.text_classification import open_text_classifier
from model_store.eight_bit_form import in_8_bits
from recurrent.text_classifier import TextClassifier
from training.data.batches import TextBatches
from training.data.vocab import encode_corpus
from training.export.sessions import Feeds, Session, feeds, open_floats, sequences_of

BATCH_SIZE = 32


class _EightBitClassifier:
    """A classifier in 8 bits, asked as its graph is: its one output is `probs`."""

    def __init__(self, classifier: TextClassifier) -> None:
        self._classifier = classifier

    def run(self, names: Sequence[str] | None, feed: Feeds) -> list[Any]:
        return [self._classifier.probs(sequences_of(feed))]


class ServedClassifier:
    """A classifier's graph with its tokenizer."""

    def __init__(
        self,
        session: Session,
        tokenizer: Tokenizer,
        config: ClassifierConfig,
    ) -> None:
        """Keep all three."""
        self.session, self.tokenizer, self.config = session, tokenizer, config

    @classmethod
    def open(cls, stored: StoredVersion) -> Self:
        """Open a stored version.

        Raises:
            ValueError: It is no classifier.
        """
        if not isinstance(stored.config, ClassifierConfig):
            raise ValueError(f"{stored.name}:{stored.version} is no classifier")
        session = open_floats(stored)
        if stored.config.precision == "int8":
            with in_8_bits(stored) as tensors:
                session = _EightBitClassifier(open_text_classifier(stored.config, tensors))
        return cls(session, stored.tokenizer(), stored.config)

    def probs(self, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (num_texts, num_classes).

        A text without a token, which the service refuses, gets the same for every class.
        """
        encoded = encode_corpus(self.tokenizer, texts)
        rows = [self.config.as_read(self.config.cut(ids)) for ids in encoded]
        answers = np.full((len(rows), len(self.config.labels)), 1 / len(self.config.labels))
        filled = [place for place, row in enumerate(rows) if row]
        # the plain RNN operator answers a row alone and a padded one differently in the last bits
        size = 1 if self.config.cell == "rnn" or self.config.runs_alone else BATCH_SIZE
        for batch in TextBatches([rows[place] for place in filled], filled, batch_size=size):
            batch_feeds = feeds(batch.token_ids, batch.lengths)
            answers[batch.labels.numpy()] = self.session.run(["probs"], batch_feeds)[0]
        return answers
