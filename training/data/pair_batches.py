"""Mini-batches of sentence pairs, all of nearly the same lengths in each.

Knows no text: pairs come as token ids, the target between a begin and an end token.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model_store import Tokenizer
from training.data.batches import WHOLE, Passes, pad
from training.data.sentence_pairs import Pair
from training.data.vocab import encode_corpus
from training.fitting.processes import Share

IGNORED = -100  # target where a translation has ended


class EncodedPairs(NamedTuple):
    """Token ids of both sides of each pair; a target begins with `bos_id`, ends with `eos_id`."""

    sources: list[list[int]]
    targets: list[list[int]]


class PairBatch(NamedTuple):
    """Sources and targets, padded.

    Attributes:
        token_ids: (batch, seq_len) of the sources.
        lengths: (batch,) of the sources.
        inputs: (batch, target_len), what the decoder reads.
        targets: (batch, target_len), what it is to write; `IGNORED` where a translation has ended.
    """

    token_ids: Tensor
    lengths: Tensor
    inputs: Tensor
    targets: Tensor


def encode_pairs(
    pairs: Sequence[Pair], tokenizer: Tokenizer, *, max_source_tokens: int, max_tokens: int
) -> EncodedPairs:
    """Encode both sides; pairs with an empty side, or one too long for the model, are left out.

    Args:
        pairs: What is to be learned.
        tokenizer: Of both languages, with a begin and an end token.
        max_source_tokens: Longest source.
        max_tokens: Longest target, its end included.
    """
    assert tokenizer.bos_id is not None
    assert tokenizer.eos_id is not None
    sources = encode_corpus(tokenizer, [pair.source for pair in pairs])
    targets = encode_corpus(tokenizer, [pair.target for pair in pairs])
    kept = EncodedPairs([], [])
    for source, target in zip(sources, targets, strict=True):
        if 0 < len(source) <= max_source_tokens and 0 < len(target) < max_tokens:
            kept.sources.append(source)
            kept.targets.append([tokenizer.bos_id, *target, tokenizer.eos_id])
    return kept


class PairBatches(Passes[PairBatch]):
    """Batches of pairs of the same lengths, nearly, in a new random order each pass.

    Pairs are sorted by the target's length, then the source's, pairs of the same lengths in a new
    order each pass, and cut into batches. So there is hardly any padding, and the shapes of the
    batches are the same in each pass, which spares processors to plan for new ones.

    Args:
        pairs: What is read and written.
        batch_size: Pairs in a batch.
        seed: None keeps the order, for evaluation.
        share: This process's part of the batches; of several, all get as many.

    Raises:
        ValueError: There are fewer batches than processes.
    """

    def __init__(
        self,
        pairs: EncodedPairs,
        *,
        batch_size: int,
        seed: int | None = None,
        share: Share = WHOLE,
    ) -> None:
        """Keep the pairs; nothing is copied."""
        super().__init__()
        self.pairs, self.batch_size, self.seed, self.share = pairs, batch_size, seed, share
        self.source_lengths = np.array([len(row) for row in pairs.sources], int)
        self.target_lengths = np.array([len(row) for row in pairs.targets], int)
        if pairs.sources and not len(self):
            raise ValueError(
                f"{len(pairs.sources)} pairs are too few for {share.count} processes; use fewer, "
                "or a smaller --batch-size"
            )

    def __len__(self) -> int:
        """Return the number of batches of this process in a pass."""
        return -(-len(self.source_lengths) // self.batch_size) // self.share.count

    def _order(self, number: int) -> list[np.ndarray]:
        """Return the places of the pairs of each batch."""
        places = np.arange(len(self.source_lengths))
        generator = None if self.seed is None else np.random.default_rng((self.seed, number))
        if generator is not None:
            generator.shuffle(places)
        keys = (self.source_lengths[places], self.target_lengths[places])
        places = places[np.lexsort(keys)]  # a stable sort: what is as long stays shuffled
        starts = range(0, len(places), self.batch_size)
        batches = [places[start : start + self.batch_size] for start in starts]
        if generator is None:
            return batches
        return [batches[place] for place in generator.permutation(len(batches))]

    def batches(self, number: int, start: int) -> Iterator[PairBatch]:
        """Yield the batches of pass `number` from the one at place `start` on."""
        order = self._order(number)
        for place in range(start, len(self)):
            rows = order[place * self.share.count + self.share.rank].tolist()
            yield self._batch(rows)

    def _batch(self, rows: list[int]) -> PairBatch:
        token_ids, lengths = pad([self.pairs.sources[row] for row in rows])
        written, ends = pad([self.pairs.targets[row] for row in rows])
        targets = written[:, 1:].clone()
        is_over = torch.arange(targets.shape[1])[None, :] >= ends[:, None] - 1
        targets[is_over] = IGNORED
        return PairBatch(token_ids, lengths, written[:, :-1], targets)
