"""Mini-batches of sentences: word ids, their characters, their labels."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model_store.words import WordVocabulary
from training.data.batches import WHOLE, Passes, TextBatches, pad
from training.data.conll import Sentence
from training.fitting.processes import Share

IGNORED = -100  # target behind a sentence's end


class Encoded(NamedTuple):
    """A sentence as the network reads it: word ids, character ids of each word, label ids."""

    word_ids: list[int]
    char_ids: list[list[int]]
    labels: list[int]


class TaggedBatch(NamedTuple):
    """Padded sentences; see `Tagger.forward`. `labels` is (batch, num_words)."""

    word_ids: Tensor
    char_ids: Tensor
    char_lengths: Tensor
    lengths: Tensor
    labels: Tensor


def encode(
    sentences: Sequence[Sentence],
    vocabulary: WordVocabulary,
    labels: Sequence[str],
    *,
    max_word_chars: int,
    max_words: int,
) -> list[Encoded]:
    """Return sentences as ids, cut to `max_words`."""
    ids = {label: place for place, label in enumerate(labels)}
    return [
        Encoded(
            vocabulary.word_ids(one.words[:max_words]),
            [vocabulary.character_ids(word, max_word_chars) for word in one.words[:max_words]],
            [ids[label] for label in one.labels[:max_words]],
        )
        for one in sentences
    ]


def collate(rows: Sequence[Encoded], max_word_chars: int) -> TaggedBatch:
    """Return sentences as one padded batch."""
    word_ids, lengths = pad([row.word_ids for row in rows])
    labels = torch.full_like(word_ids, IGNORED)
    char_ids = torch.zeros(*word_ids.shape, max_word_chars, dtype=torch.long)
    char_lengths = torch.ones_like(word_ids)
    for place, row in enumerate(rows):
        labels[place, : len(row.labels)] = torch.tensor(row.labels)
        spelled, counts = pad(row.char_ids)
        char_ids[place, : len(counts), : spelled.shape[1]] = spelled
        char_lengths[place, : len(counts)] = counts
    return TaggedBatch(word_ids, char_ids, char_lengths, lengths, labels)


class TaggedBatches(Passes[TaggedBatch]):
    """Batches of sentences of similar length, in a new random order each pass.

    Args:
        rows: The sentences.
        max_word_chars: Characters of a word at most.
        batch_size: Sentences in a batch.
        seed: None keeps the order, for evaluation.
        share: This process's part of the batches.
    """

    def __init__(
        self,
        rows: Sequence[Encoded],
        max_word_chars: int,
        *,
        batch_size: int,
        seed: int | None = None,
        share: Share = WHOLE,
    ) -> None:
        """Keep the sentences; their places stand for them until a batch is made."""
        super().__init__()
        self._rows, self._max_word_chars = rows, max_word_chars
        places = [np.full(len(row.word_ids), place) for place, row in enumerate(rows)]
        self._places = TextBatches(
            places,  # type: ignore[arg-type]
            list(range(len(rows))),
            batch_size=batch_size,
            seed=seed,
            share=share,
        )

    def __len__(self) -> int:
        """Return the number of batches in a pass."""
        return len(self._places)

    def batches(self, number: int, start: int) -> Iterator[TaggedBatch]:
        """Yield the batches of pass `number` from the one at place `start` on."""
        for batch in self._places.batches(number, start):
            rows = [self._rows[place] for place in batch.labels.tolist()]
            yield collate(rows, self._max_word_chars)
