"""Naive Bayes scales what a text has by how it leans, and a linear model weighs that."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from training.fitting.naive_bayes import NaiveBayes

TEXTS = ["good", "good film", "good good", "bad", "bad film", "bad!"]
LABELS = [1, 1, 1, 0, 0, 0]


def test_its_probabilities_are_the_logistic_regression_on_log_count_ratios():
    # n-grams present by text: "!", "bad", "bad !", "bad film", "film", "good", "good film",
    # "good good"
    present = np.array(
        [
            [0, 0, 0, 0, 0, 1, 0, 0],
            [0, 0, 0, 0, 1, 1, 1, 0],
            [0, 0, 0, 0, 0, 1, 0, 1],
            [0, 1, 0, 0, 0, 0, 0, 0],
            [0, 1, 0, 1, 1, 0, 0, 0],
            [1, 1, 1, 0, 0, 0, 0, 0],
        ]
    )
    positive, negative = present[:3].sum(axis=0) + 1, present[3:].sum(axis=0) + 1
    ratios = np.log((positive / positive.sum()) / (negative / negative.sum()))
    oracle = LogisticRegression(solver="liblinear", dual=True).fit(present * ratios, LABELS)

    probs = NaiveBayes(TEXTS, LABELS).probs(TEXTS)

    np.testing.assert_allclose(probs, oracle.predict_proba(present * ratios), atol=1e-4)


def test_each_of_several_classes_is_told_from_the_rest():
    texts = ["a refund please", "refund me", "reset my password", "password lost", "where is it",
             "it is late, where"] * 3  # fmt: skip
    labels = [0, 0, 1, 1, 2, 2] * 3

    probs = NaiveBayes(texts, labels).probs(["refund", "password", "where"])

    assert probs.argmax(axis=1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("text", ["", "words it never saw"])
def test_text_without_a_known_word_gets_probabilities_too(text):
    probs = NaiveBayes(TEXTS, LABELS).probs([text])

    assert probs.shape == (1, 2)
    assert np.isfinite(probs).all()
