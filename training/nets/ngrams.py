"""The linear path of a text classifier: TF-IDF of token n-grams, logits after every token.

What Wang and Manning (2012) found for bags of words holds beside recurrent networks: n-grams are
learned from fewer texts, and err differently. The n-grams are those of the tokens that the network
reads, so that one graph serves both.

An n-gram has a key: its tokens as digits in base `vocab_size + 3`, the latest one lowest; 1 and 2
stand for the text's start and end, 0 for nothing. `buckets` tells by key where its row of `table`
may lie and `keys` whether it does: no other n-gram passes for one that was seen.
"""

import torch
from torch import Tensor, nn

START, END = 1, 2
NUM_RESERVED = 3  # digits: nothing, and those two
LARGEST_KEY = 2**62


def longest_order(wanted: int, vocab_size: int) -> int:
    """Return how many tokens an n-gram may have, at most `wanted`, for its key to fit 63 bits."""
    while wanted > 1 and (vocab_size + NUM_RESERVED) ** wanted >= LARGEST_KEY:
        wanted -= 1
    return wanted


def ngram_keys(token_ids: Tensor, *, max_order: int, vocab_size: int) -> Tensor:
    """Return the keys of the n-grams that end at each token, -1 where one would begin too early.

    Args:
        token_ids: (batch, seq_len) int64.
        max_order: Tokens of the longest n-gram.
        vocab_size: Of the tokenizer.

    Returns:
        (batch, seq_len, max_order) int64. An n-gram may begin one place before the text.
    """
    batch, seq_len = token_ids.shape
    front = torch.full((batch, max_order - 1), START)
    digits = torch.cat([front, token_ids + NUM_RESERVED], dim=1)
    positions = torch.arange(seq_len)
    keys = []
    key = torch.zeros((batch, seq_len), dtype=torch.int64)
    for place in range(max_order):
        start = max_order - 1 - place
        key = key + digits[:, start : start + seq_len] * (vocab_size + NUM_RESERVED) ** place
        keys.append(key.masked_fill(positions < place - 1, -1))
    return torch.stack(keys, dim=2)


def ending_keys(keys: Tensor, *, vocab_size: int) -> Tensor:
    """Return the keys of the n-grams that end with a text's end, if it ended after each token.

    Args:
        keys: (batch, seq_len, max_order), see `ngram_keys`.
        vocab_size: Of the tokenizer.

    Returns:
        (batch, seq_len, max_order - 1) int64, -1 where there is none.
    """
    shorter = keys[:, :, :-1]
    ending = shorter * (vocab_size + NUM_RESERVED) + END
    return ending.masked_fill(shorter < 0, -1)


class NgramPath(nn.Module):
    """Class logits from n-grams: normalized TF-IDF times weights.

    A text's vector has the scale of every n-gram at each of its places, and length 1. An n-gram
    that comes twice counts as two that differ. Measured, that is as good as counting it once, and
    needs no look back over the text.

    Args:
        max_order: Tokens of the longest n-gram.
        vocab_size: Of the tokenizer.
        buckets: (num_buckets,) int32: by key modulo num_buckets, a row of `table`.
        keys: (num_ngrams + 1,) int64, each row's n-gram; -1 for the last, which stands for none.
        table: (num_ngrams + 1, num_classes + 1): weight of each class times the n-gram's scale
            (its inverse document frequency, or more), then that scale squared; the last row is
            zeros.
        bias: (num_classes,).
    """

    buckets: Tensor
    keys: Tensor
    table: Tensor
    bias: Tensor

    def __init__(
        self,
        max_order: int,
        vocab_size: int,
        *,
        buckets: Tensor,
        keys: Tensor,
        table: Tensor,
        bias: Tensor,
    ) -> None:
        """Keep all of it, none of it learned further."""
        super().__init__()
        self.max_order, self.vocab_size = max_order, vocab_size
        self.register_buffer("buckets", buckets)
        self.register_buffer("keys", keys)
        self.register_buffer("table", table)
        self.register_buffer("bias", bias)

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (batch, seq_len, num_classes) as of a text that ends after each token.

        Args:
            token_ids: (batch, seq_len) int64, padded on the right with any valid id.
            lengths: (batch,) int64, at least 1. Logits after a row's end mean nothing.
        """
        keys = ngram_keys(token_ids, max_order=self.max_order, vocab_size=self.vocab_size)
        is_outside = torch.arange(token_ids.shape[1]) >= lengths[:, None]  # (batch, seq_len)
        keys = keys.masked_fill(is_outside[:, :, None], -1)
        values = self.table[self._rows(keys)].flatten(1, 2)
        sums = values.cumsum(dim=1)[:, self.max_order - 1 :: self.max_order]
        sums = sums + self.table[self._rows(ending_keys(keys, vocab_size=self.vocab_size))].sum(2)
        norms = sums[:, :, -1:].clamp(min=TINY).sqrt()
        return sums[:, :, :-1] / norms + self.bias

    def _rows(self, keys: Tensor) -> Tensor:
        """Return each key's row of the table, the last one for those that were never seen."""
        found = self.buckets[keys.remainder(len(self.buckets))].long()
        is_seen = (self.keys[found] == keys) & (keys >= 0)
        return torch.where(is_seen, found, len(self.keys) - 1)


TINY = 1e-6  # under any n-gram's squared scale
