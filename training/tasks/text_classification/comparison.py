"""What a classifier's answers are compared with, and what should make a person doubt them."""

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import f1_score, precision_recall_fscore_support

from training.reports.card import table
from training.reports.intervals import interval

MODEL = "model"
COMPARED = {
    MODEL: "this model",
    "network": "its network alone",
    "ngrams": "its n-grams alone",
    "baseline": "bag of words: TF-IDF of words and pairs, logistic regression",
    "characters": "bag of characters: the same of 2 to 5 characters",
    "majority": "the most frequent label",
}
"""By the name in figures; bags are fitted to the same rows as the model."""
NEARLY_ALL = 0.95  # of the answers
MAX_CONFUSED = 10
MAX_CLASSES = 200  # in a table


def scores(probs: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return accuracy and macro-F1 of probabilities (num_texts, num_classes)."""
    answers = probs.argmax(axis=1)
    return {
        "accuracy": float((answers == labels).mean()),
        "macro_f1": float(f1_score(labels, answers, average="macro", zero_division=0.0)),
    }


def majority(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Return the probabilities of one that always says the most frequent label."""
    probs = np.zeros((len(labels), num_classes), np.float32)
    probs[:, np.bincount(labels).argmax()] = 1.0
    return probs


def overall(name: str, rows: int, found: dict[str, dict[str, float]]) -> list[list[str]]:
    """Return rows of a table: who, texts, accuracy with its interval, macro-F1."""
    cells = []
    for who, metrics in found.items():
        low, high = interval(metrics["accuracy"], rows)
        cells.append([
            name, COMPARED[who], f"{rows:,}", f"{metrics['accuracy']:.4f}",
            f"{low:.3f} to {high:.3f}", f"{metrics['macro_f1']:.4f}",
        ])  # fmt: skip
    return cells


def per_class(confusion: np.ndarray, labels: Sequence[str]) -> str:
    """Return a table of classes, the worst first: texts, precision, recall, F1.

    Args:
        confusion: (num_classes, num_classes) texts by label and answer.
        labels: Names of the classes.
    """
    truth = np.repeat(np.arange(len(labels)), confusion.sum(axis=1))
    answers = np.concatenate([np.repeat(np.arange(len(labels)), row) for row in confusion])
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, answers, labels=np.arange(len(labels)), zero_division=0.0
    )
    order = [place for place in np.argsort(f1, kind="stable") if support[place]][:MAX_CLASSES]
    rows = [
        [labels[n], f"{support[n]:,}", f"{precision[n]:.3f}", f"{recall[n]:.3f}", f"{f1[n]:.3f}"]
        for n in order
    ]
    text = table(["label", "texts", "precision", "recall", "F1"], rows)
    missing = len(labels) - len(order)
    return text + (f"\n\nWithout a test text, or not shown: {missing:,}." if missing else "")


def confused(confusion: np.ndarray, labels: Sequence[str]) -> str:
    """Return a table of the labels that are most often taken for another; "" if none is."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MAX_CONFUSED]
    pairs = [divmod(int(place), len(labels)) for place in order]
    rows = [
        [labels[label], labels[answer], f"{wrong[label, answer]:,}",
         f"{wrong[label, answer] / confusion[label].sum():.0%}"]
        for label, answer in pairs if wrong[label, answer]
    ]  # fmt: skip
    return table(["label", "taken for", "texts", "of that label's"], rows) if rows else ""


def doubts_about_answers(name: str, probs: np.ndarray, labels: np.ndarray,
                         names: Sequence[str]) -> list[str]:  # fmt: skip
    """Return what is suspicious about answers, in a sentence each."""
    found = []
    counts = np.bincount(probs.argmax(axis=1), minlength=len(names)) / len(labels)
    truth = np.bincount(labels, minlength=len(names)) / len(labels)
    top = int(counts.argmax())
    if counts[top] >= NEARLY_ALL and truth[top] < NEARLY_ALL:
        found.append(
            f"{counts[top]:.0%} of the answers ({name}) are {names[top]!r}, where {truth[top]:.0%} "
            "should be: nearly nothing was learned. Give more texts of the other labels"
        )
    measured = scores(probs, labels)
    if measured["macro_f1"] < measured["accuracy"] / 2:
        found.append(
            f"macro-F1 ({name}) is {measured['macro_f1']:.3f}, under half of the accuracy, "
            f"{measured['accuracy']:.3f}: rare labels are hardly ever found. Give more texts of "
            "them, or join them (--label-map)"
        )
    return found
