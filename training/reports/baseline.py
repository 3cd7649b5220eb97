"""What a network has to beat: bags of words and of characters with logistic regression."""

import functools
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

Counting = TypeVar("Counting", bound=CountVectorizer)

NAME = "TF-IDF + logistic regression"
FEW_ROWS = 1000
# Chosen on IMDB and SST-2 among C 1, 10, 30 and four ways to split words: 0.907 and 0.838.
WORD = r"(?u)\b\w+\b"
INVERSE_PENALTY = 10.0
MAX_NGRAMS = 100_000  # of characters
MAX_ROWS = 50_000  # learned from by characters, which take four times the time of words


def fit_counts(vectorizer: Counting, texts: Sequence[str]) -> tuple[Counting, csr_matrix]:
    """Fit what counts n-grams; return it with the counts of the texts.

    Where no text has a word (smileys, marks) or none is in two of many, whole texts are counted.
    """
    try:
        return vectorizer, vectorizer.fit_transform(texts)
    except ValueError:  # "empty vocabulary", or no terms that are left
        whole = clone(vectorizer).set_params(
            analyzer=_whole, ngram_range=(1, 1), min_df=1, token_pattern=None
        )
        return whole, whole.fit_transform(texts)


def _whole(text: str) -> list[str]:
    return [text]


class Baseline:
    """A bag of n-grams, fitted in seconds (Wang and Manning 2012 show how far it goes).

    Args:
        texts: Training texts.
        labels: Their class ids.
        analyzer: "word" for words and pairs of them, "char" for 2 to 5 characters of a word.
    """

    def __init__(
        self, texts: Sequence[str], labels: Sequence[int], *, analyzer: str = "word"
    ) -> None:
        """Fit it."""
        is_words = analyzer == "word"
        if not is_words and len(texts) > MAX_ROWS:
            chosen = np.random.default_rng(0).permutation(len(texts))[:MAX_ROWS]
            texts, labels = [texts[n] for n in chosen], [labels[n] for n in chosen]
        vectorizer = TfidfVectorizer(
            analyzer="word" if is_words else "char_wb",
            ngram_range=(1, 2) if is_words else (2, 5),
            sublinear_tf=True,
            min_df=2 if len(texts) >= FEW_ROWS else 1,
            max_features=None if is_words else MAX_NGRAMS,
            token_pattern=WORD if is_words else None,
            dtype=np.float32,
        )
        self._model = LogisticRegression(C=INVERSE_PENALTY, max_iter=300)
        self._vectorizer, counts = fit_counts(vectorizer, texts)
        self._model.fit(counts, labels)

    def probs(self, texts: Sequence[str], *, num_classes: int | None = None) -> np.ndarray:
        """Return probabilities (num_texts, num_classes); 0 of a class that had no text."""
        found: np.ndarray = self._model.predict_proba(self._vectorizer.transform(texts))
        if num_classes in (None, found.shape[1]):
            return found
        probs = np.zeros((len(found), num_classes), found.dtype)
        probs[:, self._model.classes_] = found
        return probs


BASELINES: dict[str, Callable[[Sequence[str], Sequence[int]], Baseline]] = {
    "baseline": Baseline,
    "characters": functools.partial(Baseline, analyzer="char"),
}
"""By the name that figures have them under."""
