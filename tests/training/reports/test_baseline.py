"""Bags of words that a network is compared with, on texts of any kind."""

import numpy as np
import pytest

from training.fitting.naive_bayes import NaiveBayes
from training.reports.baseline import BASELINES, FEW_ROWS

BAGS = {**BASELINES, "naive Bayes": NaiveBayes}


@pytest.mark.parametrize("bag", BAGS.values(), ids=BAGS)
@pytest.mark.parametrize(
    "texts",
    [["\U0001f642", "\U0001f641"] * 6, [f"w{n}q" for n in range(FEW_ROWS)], ["...", "\u200b"] * 6],
    ids=["smileys", "each word once", "marks"],
)
def test_texts_without_words_are_counted_whole(bag, texts):
    """They ended a training of hours in a traceback, after its last epoch."""
    labels = [n % 2 for n in range(len(texts))]
    probs = bag(texts, labels).probs([*texts[:2], "unseen"])
    assert probs.shape == (3, 2)
    assert np.isfinite(probs).all()
