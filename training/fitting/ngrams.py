"""Fits the linear path of a text classifier to token ids: which n-grams, and what each weighs."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.linear_model import LogisticRegression

from training.fitting.characters import character_counts, token_counts
from training.fitting.logistic import by_class
from training.nets.ngrams import (
    NUM_RESERVED,
    TINY,
    NgramPath,
    ending_keys,
    longest_order,
    ngram_keys,
)
from training.reports.baseline import FEW_ROWS

MAX_NGRAMS = 2**17  # of the most frequent; 2.5 MB for two classes
ENTRIES_PER_CLASS = 2**22  # of the table, in all
BUCKETS_PER_NGRAM = 4  # an eighth of the n-grams, the rarest, find their bucket taken
INVERSE_PENALTY = {True: 10.0, False: 30.0}  # by whether n-grams are scaled by how they lean
CHARACTER_SHARE = {True: 0.5, False: 1.0}  # length of a text's character part beside the other
LEAST_LEANING = 0.01
SMOOTHING = 1.0  # added to each count


def fit_ngrams(
    rows: Sequence[Sequence[int]],
    labels: np.ndarray,
    *,
    max_order: int,
    vocab_size: int,
    num_classes: int,
    is_leaning: bool = True,
    pieces: Sequence[str] = (),
) -> NgramPath:
    """Return the path that tells labels from n-grams best: multinomial logistic regression.

    Args:
        rows: Token ids of each text, at least one.
        labels: (num_texts,) class ids.
        max_order: Tokens of the longest n-gram, fewer where the vocabulary is too large for it.
        vocab_size: Of the tokenizer.
        num_classes: Classes.
        is_leaning: Whether each n-gram is also scaled by how far it leans to one class, the
            log-count ratio of Wang and Manning (2012). Better for opinions and questions; worse
            for many classes of very different size.
        pieces: What each token stands for, by id, to weigh the tokens' character n-grams as well;
            without, these are left out.
    """
    max_order = longest_order(max_order, vocab_size)
    present = [_keys_of(row, max_order=max_order, vocab_size=vocab_size) for row in rows]
    keys, frequencies = _chosen(present, num_classes=num_classes)
    characters = character_counts(pieces)
    if characters.shape[1]:
        keys, frequencies = _with_unseen(keys, frequencies, characters, num_classes=num_classes)
    keys, frequencies, buckets = _placed(keys, frequencies)
    counts = _counts(present, keys)
    scale = _scale(counts, frequencies, labels, num_classes, is_leaning=is_leaning)
    scale[frequencies == 0] = np.median(scale[frequencies > 0])  # they count in a text's length
    norms = np.sqrt(np.maximum(counts @ scale**2, TINY))
    features, told = [diags(1 / norms) @ counts @ diags(scale * (frequencies > 0))], None
    if characters.shape[1]:
        told = _Characters(rows, labels, characters, num_classes=num_classes, norms=norms,
                           is_leaning=is_leaning)  # fmt: skip
        features.append(told.features)
    model = LogisticRegression(C=INVERSE_PENALTY[is_leaning], max_iter=200, tol=1e-3)
    model.fit(hstack(features, "csr").astype(np.float32), labels)
    weights, bias = by_class(model, num_classes)
    table = weights[:, : len(keys)].T * scale[:, None]  # (num_ngrams, num_classes)
    if told is not None:
        tokens = keys - NUM_RESERVED
        is_token = (tokens >= 0) & (tokens < vocab_size)
        table[is_token] += told.token_weights(weights[:, len(keys) :])[tokens[is_token]]
    table = np.concatenate([table, scale[:, None] ** 2], axis=1)
    return NgramPath(
        max_order,
        vocab_size,
        buckets=torch.from_numpy(buckets),
        keys=torch.from_numpy(np.append(keys, -1)),
        table=torch.from_numpy(np.vstack([table, np.zeros_like(table[:1])])).float(),
        bias=torch.from_numpy(bias).float(),
    )


class _Characters:
    """Character n-grams of rows: their part of the features, and what they weigh by token."""

    def __init__(
        self,
        rows: Sequence[Sequence[int]],
        labels: np.ndarray,
        characters: csr_matrix,
        *,
        num_classes: int,
        norms: np.ndarray,
        is_leaning: bool,
    ) -> None:
        """Scale them; each text's share is divided by the norm of its token n-grams."""
        self._characters = characters
        counts = (token_counts(rows, characters.shape[0]) @ characters).tocsr()
        frequencies = counts.getnnz(axis=0)
        scale = _scale(counts, frequencies, labels, num_classes, is_leaning=is_leaning)
        scale[frequencies < (2 if len(rows) >= FEW_ROWS else 1)] = 0.0
        own = np.sqrt(np.maximum(counts.multiply(counts) @ scale**2, TINY))
        self._scale = scale * (CHARACTER_SHARE[is_leaning] * norms.mean() / own.mean())
        self.features = diags(1 / norms) @ counts @ diags(self._scale)

    def token_weights(self, weights: np.ndarray) -> np.ndarray:
        """Return what the features' weights (num_classes, num_ngrams) make of each token.

        Returns:
            (vocab_size, num_classes).
        """
        found: np.ndarray = self._characters @ (weights * self._scale).T
        return found


def _scale(
    counts: csr_matrix,
    frequencies: np.ndarray,
    labels: np.ndarray,
    num_classes: int,
    *,
    is_leaning: bool,
) -> np.ndarray:
    """Return what each n-gram's count is multiplied by, (num_ngrams,)."""
    idf: np.ndarray = np.log((1 + counts.shape[0]) / (1 + frequencies)) + 1
    return idf * _leaning(counts > 0, labels, num_classes) if is_leaning else idf


def _with_unseen(
    keys: np.ndarray, frequencies: np.ndarray, characters: csr_matrix, *, num_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Add the tokens that were not seen, or once, but whose characters tell something."""
    tokens = np.flatnonzero(characters.getnnz(axis=1)) + NUM_RESERVED
    new = np.setdiff1d(tokens, keys)[: max(0, _most_ngrams(num_classes) - len(keys))]
    return np.append(keys, new), np.append(frequencies, np.zeros_like(new))


def _most_ngrams(num_classes: int) -> int:
    return min(MAX_NGRAMS, ENTRIES_PER_CLASS // num_classes)


def _keys_of(row: Sequence[int], *, max_order: int, vocab_size: int) -> np.ndarray:
    keys = ngram_keys(torch.tensor([row]), max_order=max_order, vocab_size=vocab_size)
    ending = ending_keys(keys, vocab_size=vocab_size)[:, -1]
    every = np.concatenate([keys.numpy().ravel(), ending.numpy().ravel()])
    found: np.ndarray = every[every >= 0]
    return found


def _chosen(present: Sequence[np.ndarray], *, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys to keep, most frequent first, and in how many texts each is."""
    distinct = [np.unique(found) for found in present]
    keys, frequencies = np.unique(np.concatenate(distinct), return_counts=True)
    if len(present) >= FEW_ROWS:
        keys, frequencies = keys[frequencies > 1], frequencies[frequencies > 1]
    order = np.argsort(-frequencies, kind="stable")[: _most_ngrams(num_classes)]
    return keys[order], frequencies[order]


def _placed(keys: np.ndarray, frequencies: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give each key a bucket, the first one to come; return those that have one, and buckets."""
    num_buckets = BUCKETS_PER_NGRAM * len(keys) + 1
    _, first = np.unique(keys % num_buckets, return_index=True)
    first.sort()
    keys, frequencies = keys[first], frequencies[first]
    buckets = np.full(num_buckets, len(keys), np.int32)
    buckets[keys % num_buckets] = np.arange(len(keys), dtype=np.int32)
    return keys, frequencies, buckets


def _counts(present: Sequence[np.ndarray], keys: np.ndarray) -> csr_matrix:
    """Return how often each text has each of the keys, (num_texts, num_ngrams)."""
    order = np.argsort(keys)
    columns, ends = [], [0]
    for found in present:
        places = np.searchsorted(keys, found, sorter=order).clip(max=len(keys) - 1)
        columns.append(order[places][keys[order[places]] == found])
        ends.append(ends[-1] + len(columns[-1]))
    data = np.ones(ends[-1], np.float32)
    counts = csr_matrix((data, np.concatenate(columns), ends), shape=(len(present), len(keys)))
    counts.sum_duplicates()
    return counts


def _leaning(present: csr_matrix, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Return how far each n-gram leans to the class that it leans to most, (num_ngrams,)."""
    ratios = []
    for label in range(num_classes):
        inside, outside = (
            np.asarray(present[rows].sum(axis=0), np.float64).ravel() + SMOOTHING
            for rows in (labels == label, labels != label)
        )
        ratios.append(np.log(inside / inside.sum()) - np.log(outside / outside.sum()))
    leaning: np.ndarray = np.abs(ratios).max(axis=0) + LEAST_LEANING
    return leaning
