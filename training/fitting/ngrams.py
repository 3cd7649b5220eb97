"""Fits the linear path of a text classifier to token ids: which n-grams, and what each weighs."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_matrix, diags
from sklearn.linear_model import LogisticRegression

from training.nets.ngrams import TINY, NgramPath, ending_keys, longest_order, ngram_keys
from training.reports.baseline import FEW_ROWS

MAX_NGRAMS = 2**17  # of the most frequent; 2.5 MB for two classes
ENTRIES_PER_CLASS = 2**22  # of the table, in all
BUCKETS_PER_NGRAM = 4  # an eighth of the n-grams, the rarest, find their bucket taken
INVERSE_PENALTY = {True: 10.0, False: 30.0}  # by whether n-grams are scaled by how they lean
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
) -> NgramPath:
    """Return the path that tells labels from n-grams best: multinomial logistic regression.

    Args:
        rows: Token ids of each text, at least one.
        labels: (num_texts,) class ids; each class has a row.
        max_order: Tokens of the longest n-gram, fewer where the vocabulary is too large for it.
        vocab_size: Of the tokenizer.
        num_classes: Classes.
        is_leaning: Whether each n-gram is also scaled by how far it leans to one class, the
            log-count ratio of Wang and Manning (2012). Better for opinions and questions; worse
            for many classes of very different size.
    """
    max_order = longest_order(max_order, vocab_size)
    present = [_keys_of(row, max_order=max_order, vocab_size=vocab_size) for row in rows]
    keys, frequencies = _chosen(present, num_classes=num_classes)
    keys, frequencies, buckets = _placed(keys, frequencies)
    idf = np.log((1 + len(rows)) / (1 + frequencies)) + 1
    counts = _counts(present, keys)
    scale = idf * _leaning(counts > 0, labels, num_classes) if is_leaning else idf
    norms = np.sqrt(np.maximum(counts @ scale**2, TINY))
    features = (diags(1 / norms) @ counts @ diags(scale)).tocsr()
    model = LogisticRegression(C=INVERSE_PENALTY[is_leaning], max_iter=200, tol=1e-3)
    model.fit(features.astype(np.float32), labels)
    weights, bias = _by_class(model, num_classes)
    table = np.concatenate([weights.T * scale[:, None], scale[:, None] ** 2], axis=1)
    return NgramPath(
        max_order,
        vocab_size,
        buckets=torch.from_numpy(buckets),
        keys=torch.from_numpy(np.append(keys, -1)),
        table=torch.from_numpy(np.vstack([table, np.zeros_like(table[:1])])).float(),
        bias=torch.from_numpy(bias).float(),
    )


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
    kept = min(MAX_NGRAMS, ENTRIES_PER_CLASS // num_classes)
    order = np.argsort(-frequencies, kind="stable")[:kept]
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


def _by_class(model: LogisticRegression, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (num_classes, num_ngrams) and bias; of two classes, one row tells of both."""
    if num_classes > 2:
        return model.coef_, model.intercept_
    weights, bias = model.coef_ / 2, model.intercept_ / 2
    return np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
