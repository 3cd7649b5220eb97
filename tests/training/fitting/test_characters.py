"""Character n-grams of tokens: counted as they stand, and told by tokens that were never seen."""

import numpy as np
import torch

from training.data.batches import pad
from training.fitting.characters import character_counts, token_counts
from training.fitting.logistic import by_class
from training.fitting.ngrams import fit_ngrams

PIECES = ["", " card", " cards", " train", " trains", " bus", " carded", " training"]
CARDS, TRAINS = [1, 2], [3, 4]


def test_counts_are_those_of_each_piece():
    counts = character_counts(["", "a", "abab"]).toarray()
    assert counts.sum(axis=1).tolist() == [0, 0, 6]  # ab ba ab, aba bab, abab
    assert counts[2].max() == 2
    assert not counts[:2].any()


def test_tokens_are_counted_row_by_row():
    assert token_counts([[1, 1, 2], [], [0]], 3).toarray().tolist() == [
        [0, 2, 1], [0, 0, 0], [1, 0, 0]
    ]  # fmt: skip


def fitted(pieces):
    rows = [[token, 5] for token in CARDS * 4 + TRAINS * 4]
    labels = np.array([0] * 8 + [1] * 8)
    return fit_ngrams(rows, labels, max_order=2, vocab_size=8, num_classes=2, pieces=pieces)


def answers(path, *rows):
    token_ids, lengths = pad(rows)
    return path(token_ids, lengths)[torch.arange(len(rows)), lengths - 1]


def test_word_never_seen_is_told_by_its_letters():
    with_letters, without = (answers(fitted(pieces), [6], [7]) for pieces in (PIECES, ()))
    assert with_letters.argmax(dim=1).tolist() == [0, 1]
    assert torch.equal(without[0], without[1])


def test_word_never_seen_is_not_believed_more_than_one_that_was():
    """A text's length counts such words too: without, their weights were divided by nothing."""
    seen, unseen = answers(fitted(PIECES), [1], [6]).softmax(dim=1)[:, 0].tolist()
    assert 0.5 < unseen < seen


def test_class_without_a_row_is_never_the_answer():
    rows, labels = [[1, 5], [2, 5], [3, 5], [4, 5]] * 3, np.array([0, 0, 2, 2] * 3)
    path = fit_ngrams(rows, labels, max_order=2, vocab_size=8, num_classes=4)
    assert answers(path, [1], [3], [5]).argmax(dim=1)[:2].tolist() == [0, 2]
    assert (answers(path, [1], [3], [5]).softmax(dim=1)[:, [1, 3]] < 1e-3).all()


def test_weights_of_two_classes_are_each_its_own():
    class Model:
        coef_, intercept_ = np.array([[2.0, -4.0]]), np.array([1.0])
        classes_ = np.array([0, 1])

    weights, bias = by_class(Model(), 2)
    assert weights.tolist() == [[-1, 2], [1, -2]]
    assert bias.tolist() == [-0.5, 0.5]
