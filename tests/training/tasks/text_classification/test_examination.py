"""Slices hold the right texts, counts add up, and the bag of words is a fair one."""

import numpy as np
import pytest
from scipy.stats import binomtest

from training.data.labelled_texts import Rows
from training.reports.baseline import Baseline
from training.reports.intervals import interval
from training.tasks.text_classification.examination import examine, figures, kinds_of, sections

TEXTS = ["good", "not good", "it doesn’t bore", "a " * 30, "nothing " * 500, "knot cannonball"]
ROWS = Rows(TEXTS, [1, 0, 1, 0, 0, 1])


def certain(*answers):
    return np.eye(2)[list(answers)]


def result(*, with_baseline=True, times=1):
    """Six texts, five answered right; the bag of words says 1 to all."""
    baseline = {"baseline": certain(*[1, 1, 1, 1, 1, 1] * times)} if with_baseline else {}
    rows = Rows(ROWS.texts * times, ROWS.labels * times)
    return examine("toy", rows, certain(*[1, 0, 1, 0, 1, 1] * times), baseline)


def test_each_text_is_of_one_length_and_negated_or_not():
    kinds = dict(kinds_of(TEXTS))
    lengths = [inside for name, inside in kinds.items() if "words" in name]

    assert np.sum(lengths, axis=0).tolist() == [1] * 6
    assert kinds["26 to 50 words"].tolist() == [False, False, False, True, False, False]
    assert kinds["401 words and more"].tolist() == [False, False, False, False, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "not good",
        "Never again",
        "it doesn't work",
        "it does n't",
        "It DOESN’T",
        "no fun",
        "can not",
    ],
)
def test_negation_is_seen(text):
    assert dict(kinds_of([text]))["with a negation"].tolist() == [True]


@pytest.mark.parametrize("text", ["knot", "noted", "another", "snow", "want", "cannonball"])
def test_word_that_only_holds_the_letters_is_no_negation(text):
    assert dict(kinds_of([text]))["without a negation"].tolist() == [True]


def test_slices_have_their_own_accuracy_next_to_the_bag_of_words():
    by_name = {part.name: part for part in result().slices}

    negated = by_name["with a negation"]
    assert (negated.rows, negated.accuracy, negated.baseline) == (3, 2 / 3, 1 / 3)
    assert by_name["without a negation"].accuracy == 1
    assert "11 to 25 words" not in by_name  # there is none


def test_confusion_counts_answers_by_label():
    assert result().confusion == ((2, 1), (0, 3))


def test_figures_name_the_set_and_the_bag_of_words():
    found = figures([result()])

    assert found["toy_test_accuracy"] == pytest.approx(5 / 6)
    assert found["toy_test_baseline_accuracy"] == pytest.approx(3 / 6)
    assert found["toy_test_accuracy_low"] < 5 / 6 < found["toy_test_accuracy_high"]
    assert not any("baseline" in name for name in figures([result(with_baseline=False)]))


def test_card_sections_show_comparison_slices_and_confusion():
    text = sections([result(times=10)], ["bad", "good"])

    beside = text["Next to a bag of words"]
    assert "| toy | this model | 60 | 0.8333 | 0.720 to 0.907 | 0.8286 |" in beside
    assert "| toy | the most frequent label | 60 | 0.5000 |" in beside
    assert "| toy | bag of words: TF-IDF of words and pairs, logistic regression | 60 |" in beside
    assert "| toy | with a negation | 30 | 0.667 | 0.333 |" in text["By kind of text"]
    assert "| bad | 20 | 10 |" in text["Confusion"]


def test_without_a_bag_of_words_the_model_stands_alone():
    text = sections([result(with_baseline=False, times=10)], ["bad", "good"])

    assert "Next to a bag of words" not in text
    assert "| toy | this model | 60 | 0.8333 |" in text["On test texts"]
    assert "bag of words" not in "".join(text.values())
    assert "| toy | the most frequent label | 60 | 0.5000 |" in text["On test texts"]
    assert "| toy | with a negation | 30 | 0.667 |" in text["By kind of text"]


def test_kinds_with_few_texts_are_left_out_and_said_to_be():
    text = sections([result(times=10)], ["bad", "good"])["By kind of text"]

    assert "1 to 10 words" in text
    assert "26 to 50 words" not in text  # there are ten
    assert text.endswith("Kinds with fewer than 30 texts are left out.")


def test_few_test_texts_have_an_interval_and_no_tables_of_parts():
    text = sections([result()], ["bad", "good"])

    assert "| 6 | 0.8333 | 0.436 to 0.970 |" in text["Next to a bag of words"]
    assert text["By kind of text"] == "No kind has 30 texts here: too few to tell."
    assert "Confusion" not in text


@pytest.mark.parametrize(("hits", "rows"), [(20, 40), (36, 40), (4, 4), (0, 4), (5, 6)])
def test_interval_is_wilsons(hits, rows):
    expected = binomtest(hits, rows).proportion_ci(method="wilson")

    assert interval(hits / rows, rows) == pytest.approx((expected.low, expected.high), abs=1e-4)


def test_without_a_test_set_there_are_no_sections():
    assert sections([], ["bad", "good"]) == {}


def test_baseline_learns_words_and_word_pairs():
    """Which of "good not" and "not good" it is cannot be told from single words."""
    texts = ["a good film", "not good at all", "good not bad", "a bad film"] * 10
    labels = [1, 0, 1, 0] * 10

    probs = Baseline(texts, labels).probs(["good not bad", "not good at all", "a good film"])

    assert probs.argmax(axis=1).tolist() == [1, 0, 1]
    assert probs.sum(axis=1) == pytest.approx(1)
