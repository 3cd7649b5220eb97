"""Fits the linear path of a text classifier to token ids: which n-grams, and what each weighs."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from training.nets.ngrams import NgramPath, ending_keys, longest_order, ngram_keys

MAX_NGRAMS = 2**17  # of the most frequent; 2.5 MB for two classes
ENTRIES_PER_CLASS = 2**22  # of the table, in all
BUCKETS_PER_NGRAM = 4  # an eighth of the n-grams, the rarest, find their bucket taken
FEW_ROWS = 1000  # in fewer, an n-gram counts that one text has
INVERSE_PENALTY = 10.0


def fit_ngrams(
    rows: Sequence[Sequence[int]],
    labels: np.ndarray,
    *,
    max_order: int,
    vocab_size: int,
    num_classes: int,
) -> NgramPath:
    """Return the path that tells labels from n-grams best: multinomial logistic regression.

    Args:
        rows: Token ids of each text, at least one.
        labels: (num_texts,) class ids; each class has a row.
        max_order: Tokens of the longest n-gram, fewer where the vocabulary is too large for it.
        vocab_size: Of the tokenizer.
        num_classes: Classes.
    """
    max_order = longest_order(max_order, vocab_size)
    present = [_keys_of(row, max_order=max_order, vocab_size=vocab_size) for row in rows]
    keys, frequencies = _chosen(present, num_classes=num_classes)
    keys, frequencies, buckets = _placed(keys, frequencies)
    idf = np.log((1 + len(rows)) / (1 + frequencies)) + 1
    features = normalize(_present(present, keys).multiply(idf[None, :]).tocsr())
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=200, tol=1e-3)
    model.fit(features.astype(np.float32), labels)
    weights, bias = _by_class(model, num_classes)
    table = np.concatenate([weights.T * idf[:, None], idf[:, None] ** 2], axis=1)
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
    distinct: np.ndarray = np.unique(np.concatenate([keys.numpy().ravel(), ending.numpy().ravel()]))
    return distinct[distinct >= 0]


def _chosen(present: Sequence[np.ndarray], *, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys to keep, most frequent first, and in how many texts each is."""
    keys, frequencies = np.unique(np.concatenate(present), return_counts=True)
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


def _present(present: Sequence[np.ndarray], keys: np.ndarray) -> csr_matrix:
    """Return which text (num_texts, num_ngrams) has which of the keys."""
    order = np.argsort(keys)
    columns, ends = [], [0]
    for found in present:
        places = np.searchsorted(keys, found, sorter=order).clip(max=len(keys) - 1)
        columns.append(order[places][keys[order[places]] == found])
        ends.append(ends[-1] + len(columns[-1]))
    data = np.ones(ends[-1], np.float32)
    return csr_matrix((data, np.concatenate(columns), ends), shape=(len(present), len(keys)))


def _by_class(model: LogisticRegression, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (num_classes, num_ngrams) and bias; of two classes, one row tells of both."""
    if num_classes > 2:
        return model.coef_, model.intercept_
    weights, bias = model.coef_ / 2, model.intercept_ / 2
    return np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
