"""How a classifier does on a test set: overall, by kind of text, and beside a bag of words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from training import baseline
from training.card import table
from training.data import Rows
from training.metrics import classification_metrics

LENGTHS = (1, 11, 26, 51, 101, 201, 401)  # words, each the first of a slice
NEGATION = re.compile(
    r"\b(?:no|not|never|none|nothing|nobody|neither|nor|cannot|without|hardly)\b|n['’]t\b", re.I
)
MAX_CONFUSION_CLASSES = 20


@dataclass(frozen=True, slots=True)
class Slice:
    """Accuracy on the texts of one kind; `baseline` is that of the bag of words."""

    name: str
    rows: int
    accuracy: float
    baseline: float | None


@dataclass(frozen=True, slots=True)
class TestResult:
    """What was found on one test set.

    Args:
        name: The set's.
        rows: Texts.
        metrics: Of the network, see `metrics.classification_metrics`.
        baseline: The same of the bag of words, or None.
        slices: By length and by negation; those without a text are left out.
        confusion: (num_classes, num_classes) texts by label and answer.
    """

    name: str
    rows: int
    metrics: dict[str, float]
    baseline: dict[str, float] | None
    slices: tuple[Slice, ...]
    confusion: tuple[tuple[int, ...], ...]


def examine(
    name: str, rows: Rows, probs: np.ndarray, baseline_probs: np.ndarray | None = None
) -> TestResult:
    """Measure answers (num_texts, num_classes), and those of the bag of words."""
    labels = np.asarray(rows.labels)
    hits = probs.argmax(axis=1) == labels
    baseline_hits = None if baseline_probs is None else baseline_probs.argmax(axis=1) == labels
    slices = tuple(
        Slice(
            name=kind,
            rows=int(inside.sum()),
            accuracy=float(hits[inside].mean()),
            baseline=None if baseline_hits is None else float(baseline_hits[inside].mean()),
        )
        for kind, inside in kinds_of(rows.texts)
        if inside.any()
    )
    return TestResult(
        name=name,
        rows=len(labels),
        metrics=classification_metrics(probs, labels),
        baseline=None if baseline_probs is None else classification_metrics(baseline_probs, labels),
        slices=slices,
        confusion=_confusion(labels, probs.argmax(axis=1), num_classes=probs.shape[1]),
    )


def kinds_of(texts: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name of each kind of text and which texts are of it, (num_texts,) bool."""
    lengths = np.array([len(text.split()) for text in texts])
    for first, after in pairwise(LENGTHS):
        yield f"{first} to {after - 1} words", (lengths >= first) & (lengths < after)
    yield f"{LENGTHS[-1]} words and more", lengths >= LENGTHS[-1]
    is_negated = np.array([NEGATION.search(text) is not None for text in texts])
    yield "with a negation", is_negated
    yield "without a negation", ~is_negated


def _confusion(
    labels: np.ndarray, answers: np.ndarray, *, num_classes: int
) -> tuple[tuple[int, ...], ...]:
    counts = np.bincount(labels * num_classes + answers, minlength=num_classes**2)
    return tuple(tuple(row) for row in counts.reshape(num_classes, num_classes).tolist())


def figures(results: Sequence[TestResult]) -> dict[str, float]:
    """Return the figures for a manifest: `<set>_test_<figure>`, `<set>_test_baseline_<figure>`."""
    found: dict[str, float] = {}
    for result in results:
        found |= {f"{result.name}_test_{key}": value for key, value in result.metrics.items()}
        for key, value in (result.baseline or {}).items():
            found[f"{result.name}_test_baseline_{key}"] = value
    return found


def sections(results: Sequence[TestResult], labels: Sequence[str]) -> dict[str, str]:
    """Return the sections of a model card, by heading."""
    if not results:
        return {}
    found = {"Next to a bag of words": _comparison(results)}
    if any(result.baseline is None for result in results):
        found = {}
    found["By kind of text"] = _slices(results)
    if len(labels) <= MAX_CONFUSION_CLASSES:
        found["Confusion"] = "\n\n".join(_confusion_table(result, labels) for result in results)
    return found


def _comparison(results: Sequence[TestResult]) -> str:
    rows = []
    for result in results:
        for who, metrics in (("this model", result.metrics), (baseline.NAME, result.baseline)):
            values = [f"{value:.4f}" for value in (metrics or {}).values()]
            rows.append([result.name, who, f"{result.rows:,}", *values])
    return (
        table(["test set", "model", "texts", *results[0].metrics], rows)
        + "\n\nThe bag of words: TF-IDF of words and bigrams with logistic regression, trained on "
        "the same rows."
    )


def _slices(results: Sequence[TestResult]) -> str:
    rows = [
        [
            result.name,
            part.name,
            f"{part.rows:,}",
            f"{part.accuracy:.3f}",
            "" if part.baseline is None else f"{part.baseline:.3f}",
        ]
        for result in results
        for part in result.slices
    ]
    return table(["test set", "texts", "number", "accuracy", "bag of words"], rows)


def _confusion_table(result: TestResult, labels: Sequence[str]) -> str:
    rows = [
        [label, *(f"{count:,}" for count in counts)]
        for label, counts in zip(labels, result.confusion, strict=True)
    ]
    return table([f"{result.name}: label \\ answer", *labels], rows)
