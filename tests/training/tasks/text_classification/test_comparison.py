"""What answers are compared with, and what should make a person doubt them."""

import csv

import numpy as np
import pytest

from training.data.labelled_texts import ClassificationData, Rows
from training.data.reports import DataReport
from training.reports.baseline import BASELINES, Baseline
from training.tasks.text_classification.comparison import (
    beaten_by,
    confused,
    doubts_about_answers,
    is_chance,
    majority,
    per_class,
)
from training.tasks.text_classification.doubts import keep_doubts, likely_mislabelled
from training.tasks.text_classification.examination import examine, figures, sections
from training.tasks.text_classification.measure import Answers

NAMES = [f"class {n}" for n in range(25)]


def certain(*answers, num_classes=25):
    return np.eye(num_classes)[list(answers)]


def test_majority_says_the_most_frequent_label_to_all():
    assert majority(np.array([2, 1, 2]), 3).argmax(axis=1).tolist() == [2, 2, 2]


def test_classes_stand_by_their_f1_the_worst_first():
    confusion = np.array([[8, 2, 0], [0, 1, 9], [0, 0, 0]])
    lines = per_class(confusion, ["a", "b", "c"]).split("\n")
    assert lines[2] == "| b | 10 | 0.333 | 0.100 | 0.154 |"
    assert lines[3].startswith("| a | 10 | 1.000 | 0.800 |")
    assert lines[-1] == "Without a test text, or not shown: 1."


def test_labels_taken_for_another_are_told_the_most_frequent_first():
    confusion = np.array([[8, 2, 0], [0, 1, 9], [0, 0, 5]])
    lines = confused(confusion, ["a", "b", "c"]).split("\n")
    assert lines[2:] == ["| b | c | 9 | 90% |", "| a | b | 2 | 20% |"]
    assert confused(np.eye(3, dtype=int), ["a", "b", "c"]) == ""


def test_card_tells_each_class_also_of_many():
    labels = [n % 25 for n in range(100)]
    answers = [n or 1 for n in labels]
    result = examine("toy", Rows(["x"] * 100, labels), certain(*answers))
    text = sections([result], NAMES)
    assert "| class 0 | 4 | 0.000 | 0.000 | 0.000 |" in text["By label"]
    assert "| class 0 | class 1 | 4 | 100% |" in text["Most often confused"]
    assert "Confusion" not in text


def test_paths_stand_beside_the_model():
    rows = Rows(["x"] * 40, [0, 1] * 20)
    wrong, right = certain(*[1, 0] * 20, num_classes=2), certain(*[0, 1] * 20, num_classes=2)
    result = examine("toy", rows, right, {"network": wrong, "ngrams": right})
    found = figures([result])
    assert found["toy_test_network_accuracy"] == 0
    assert found["toy_test_ngrams_macro_f1"] == 1
    assert (
        "| toy | its network alone | 40 | 0.0000 |"
        in sections([result], NAMES[:2])["On test texts"]
    )


@pytest.mark.parametrize(
    ("answers", "labels", "told"),
    [
        ([0] * 100, [0, 1] * 50, "100% of the answers (user) are 'class 0', where 50% should be"),
        ([0] * 90 + [1] * 10, [0] * 90 + [*range(1, 11)], "macro-F1 (user) is"),
        ([0, 1] * 50, [0, 1] * 50, None),
        ([0] * 100, [0] * 96 + [1, 2, 3, 4], "macro-F1 (user) is"),
    ],
    ids=["one label", "rare labels never found", "all right", "really nearly all"],
)
def test_suspicious_answers_are_told(answers, labels, told):
    found = doubts_about_answers("user", certain(*answers), np.array(labels), NAMES)
    assert told is None or told in found[0]
    assert bool(found) == (told is not None)


def test_bag_that_does_better_is_told_words_or_characters():
    """A network over names won against a bag of words, which knows no letters."""
    labels = np.array([0, 1] * 50)
    right, wrong = certain(*labels), certain(*[0] * 100)
    assert beaten_by("user", right, {"baseline": wrong, "characters": right}, labels) == ""
    told = beaten_by("user", wrong, {"baseline": wrong, "characters": right}, labels)
    assert told.startswith("a bag of characters does better on the test texts (user): accuracy 1.0")
    assert "chance" not in told
    assert beaten_by("user", wrong, {}, labels) == ""


def test_ten_points_on_a_hundred_texts_are_no_chance_where_one_alone_is_right():
    """By the intervals of the two they were called chance: the texts are the same ones."""
    model, bag = np.arange(100) < 80, np.arange(100) < 90
    assert not is_chance(model, bag)
    assert is_chance(np.arange(100) < 80, np.arange(100) < 84)
    assert is_chance(model, model)


def test_likely_mislabelled_are_those_the_model_is_surest_of():
    probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.45, 0.55], [0.01, 0.99]])
    found = likely_mislabelled(Rows(["a", "b", "c", "d"], [1, 1, 0, 0]), probs, ["bad", "good"])
    assert [doubt.text for doubt in found] == ["d", "a", "c"]
    assert found[0][1:] == ("bad", "good", 0.99, 0.01)


def test_likely_mislabelled_are_kept_in_the_runs_folder_and_said_without_their_text(
    tmp_path, caplog
):
    rows = Rows(["fine", "odd one"], [1, 0])
    data = ClassificationData(
        ("bad", "good"), rows, rows, {"user": rows}, {}, (), DataReport((), {})
    )
    path = tmp_path / "run" / "likely_mislabelled.csv"
    with caplog.at_level("INFO"):
        keep_doubts(path, data, {"user": Answers(np.array([[0.1, 0.9], [0.3, 0.7]]), {})})
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert list(row.values()) == ["odd one", "bad", "good", "0.7", "0.3"]
    assert "1 test text answered otherwise than labelled" in caplog.text
    assert "odd one" not in caplog.text
    keep_doubts(path, data, {"user": Answers(np.array([[0.1, 0.9], [0.7, 0.3]]), {})})
    assert not path.exists()


def test_characters_tell_what_words_cannot():
    texts, labels = ["Kowalski", "Nowicki", "Rossi", "Bianchi"] * 5, [0, 0, 1, 1] * 5
    words, characters = (fit(texts, labels).probs(["Zielinski"])[0] for fit in BASELINES.values())
    assert characters[0] > 0.6
    assert abs(words[0] - 0.5) < 0.1


def test_bag_of_a_class_without_a_text_never_says_it():
    probs = Baseline(["good", "bad"] * 3, [0, 2] * 3).probs(["good"], num_classes=4)
    assert probs.shape == (1, 4)
    assert probs[0, [1, 3]].tolist() == [0, 0]
