"""What is told of drawn texts: how many are new, and how many are what was asked for."""

import numpy as np
import pytest

from training.tasks.text_generation.novelty import Drawn, Judge, agreement, novelty


def by_keyword(texts):
    """Call a text with "good" in it positive."""
    is_good = np.array(["good" in text for text in texts], float)
    return np.stack([1 - is_good, is_good], axis=1)


JUDGE = Judge(("negative", "positive"), by_keyword)


def drawn(prompt, text):
    return Drawn(prompt, text, f"{prompt}: {text}")


def test_share_as_asked_counts_texts_that_the_judge_labels_with_their_prompt():
    texts = [
        drawn("positive", "all good"),
        drawn("positive", "all bad"),
        drawn("negative", "all bad"),
        drawn("negative", "not so fine"),
    ]

    assert agreement(texts, JUDGE) == {"as_asked_share": 0.75}


def test_judge_that_does_not_know_a_prompt_is_refused():
    with pytest.raises(ValueError, match="the judge knows negative, positive, not French"):
        agreement([drawn("French", "good")], JUDGE)


def test_document_is_new_if_no_training_text_equals_it_prompt_included():
    texts = [drawn("a", "one"), drawn("b", "one"), drawn("b", "two"), drawn("b", "two")]

    found = novelty(texts, ["b: two ", "c: one"])

    assert found == {"new_share": 0.5, "distinct_share": 0.75}
