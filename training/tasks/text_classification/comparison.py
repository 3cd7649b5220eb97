"""What a classifier's answers are compared with, and what should make a person doubt them."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import binomtest
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
CHANCE = 0.05
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


def is_chance(model: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two that answered the same texts may be as good as each other.

    McNemar's exact test (1947) on the texts that one alone answered right, at 5 %.

    Args:
        model: (num_texts,) bool, whether each answer is right.
        other: The same of the other.
    """
    one, two = int((model & ~other).sum()), int((other & ~model).sum())
    return one + two == 0 or bool(binomtest(one, one + two).pvalue > CHANCE)


def beaten_by(
    name: str, probs: np.ndarray, bags: Mapping[str, np.ndarray], labels: np.ndarray
) -> str:
    """Return a sentence about the better of the bags where it beats the model, else ""."""
    hits = probs.argmax(axis=1) == labels
    right = {bag: each.argmax(axis=1) == labels for bag, each in bags.items()}
    best = max(right, key=lambda bag: right[bag].sum(), default="")
    if not best or right[best].sum() <= hits.sum():
        return ""
    kind = COMPARED[best].partition(":")[0]
    chance = ", which may be chance" if is_chance(hits, right[best]) else ""
    return (
        f"a {kind} does better on the test texts ({name}): accuracy {right[best].mean():.4f}, this "
        f"model {hits.mean():.4f}{chance}. Train longer (--max-epochs) or give more texts"
    )


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
