"""The linear path: what it says of a text, token by token, and what it does not mistake."""

import math

import numpy as np
import torch

from training.data.batches import pad
from training.fitting.ngrams import fit_ngrams
from training.nets.ngrams import longest_order, ngram_keys

VOCAB, ORDER = 12, 3


def path(*, num_classes=2, rows=60):
    generator = np.random.default_rng(0)
    texts = [generator.integers(VOCAB - 2, size=generator.integers(1, 9)).tolist()
             for _ in range(rows)]  # fmt: skip
    labels = np.arange(rows) % num_classes
    return fit_ngrams(texts, labels, max_order=ORDER, vocab_size=VOCAB, num_classes=num_classes)


def ngrams_of(text):
    """Return the n-grams of a text at all places, its start and end as words of their own."""
    marked = ["start", *text, "end"]
    every = [
        tuple(marked[at : at + n]) for n in range(1, ORDER + 1) for at in range(len(marked) - n + 1)
    ]
    return [ngram for ngram in every if ngram not in {("start",), ("end",)}]


def key_of(ngram):
    digits = [1 if t == "start" else 2 if t == "end" else t + 3 for t in ngram]
    return sum(digit * (VOCAB + 3) ** place for place, digit in enumerate(reversed(digits)))


def plainly(found, text):
    """Return the logits of a text by the definition: normalized TF-IDF times weights."""
    keys = found.keys.tolist()
    rows = [found.table[keys.index(key_of(ngram))] for ngram in ngrams_of(text)
            if key_of(ngram) in keys]  # fmt: skip
    if not rows:
        return found.bias
    total = torch.stack(rows).double().sum(dim=0)
    return (total[:-1] / math.sqrt(total[-1]) + found.bias).float()


def test_logits_are_those_of_the_definition_for_each_text_of_a_padded_batch():
    found = path(num_classes=3)
    texts = [[3, 4, 5, 4, 5, 3], [7], [1, 1, 1, 1], [9, 2]]
    token_ids, lengths = pad(texts)

    logits = found(token_ids, lengths)[torch.arange(4), lengths - 1]

    torch.testing.assert_close(logits, torch.stack([plainly(found, text) for text in texts]))


def test_logits_after_each_token_are_those_of_a_text_that_ends_there():
    found, text = path(), [3, 4, 5, 4, 5, 3, 0]

    by_token = found(torch.tensor([text]), torch.tensor([7]))[0]

    for end in range(1, 8):
        alone = found(torch.tensor([text[:end]]), torch.tensor([end]))[0, -1]
        torch.testing.assert_close(by_token[end - 1], alone)


def test_ngram_that_was_never_seen_says_nothing():
    found = path()
    unseen = [VOCAB - 1, VOCAB - 2]  # tokens that no text of the fit has

    logits = found(torch.tensor([unseen]), torch.tensor([2]))[0, -1]

    assert torch.equal(logits, found.bias)


def test_keys_of_different_ngrams_differ():
    every = torch.cartesian_prod(*[torch.arange(6)] * 3)
    keys = ngram_keys(every, max_order=3, vocab_size=6)[:, -1]

    assert [len(order.unique()) for order in keys.T] == [6, 36, 216]
    assert len(keys.unique()) == 6 + 36 + 216


def test_long_ngrams_of_a_large_vocabulary_are_shortened_to_what_a_key_holds():
    assert longest_order(5, 100) == 5
    assert longest_order(5, 30_000) == 4
