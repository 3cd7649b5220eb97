"""How a classifier does on a test set: overall, by kind of text, and beside a bag of words."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from training.data.labelled_texts import Rows
from training.reports.card import table
from training.reports.intervals import interval
from training.reports.metrics import classification_metrics
from training.tasks.text_classification.comparison import (
    COMPARED,
    MODEL,
    confused,
    majority,
    overall,
    per_class,
    scores,
)

NOTHING: Mapping[str, np.ndarray] = MappingProxyType({})
LENGTHS = (1, 11, 26, 51, 101, 201, 401)  # words, each the first of a slice
NEGATION = re.compile(
    r"\b(?:no|not|never|none|nothing|nobody|neither|nor|cannot|without|hardly)\b|n['’]t\b", re.I
)
MAX_CONFUSION_CLASSES = 20
MIN_ROWS = 30  # a share of fewer texts is left out of tables: it is known to a third at best


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
        metrics: Of the model, see `metrics.classification_metrics`.
        compared: Accuracy and macro-F1 by what is compared, see `COMPARED`; the model among it.
        slices: By length and by negation; those without a text are left out.
        confusion: (num_classes, num_classes) texts by label and answer.
    """

    name: str
    rows: int
    metrics: dict[str, float]
    compared: dict[str, dict[str, float]]
    slices: tuple[Slice, ...]
    confusion: tuple[tuple[int, ...], ...]


def examine(
    name: str, rows: Rows, probs: np.ndarray, others: Mapping[str, np.ndarray] = NOTHING
) -> TestResult:
    """Measure answers (num_texts, num_classes), and those of what they are compared with."""
    labels = np.asarray(rows.labels)
    baseline_probs = others.get("baseline")
    everyone = {MODEL: probs, **others, "majority": majority(labels, probs.shape[1])}
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
        compared={who: scores(everyone[who], labels) for who in COMPARED if who in everyone},
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
    """Return the figures for a manifest: `<set>_test_<figure>`, `<set>_test_<who>_<figure>`.

    `baseline` is the bag of words, `characters` that of characters; `network` and `ngrams` are the
    model's two paths, each alone.
    `<set>_test_accuracy_low` and `_high` are the ends of the accuracy's 95 % interval.
    """
    found: dict[str, float] = {}
    for result in results:
        found |= {f"{result.name}_test_{key}": value for key, value in result.metrics.items()}
        low, high = interval(result.metrics["accuracy"], result.rows)
        found |= {
            f"{result.name}_test_accuracy_low": low,
            f"{result.name}_test_accuracy_high": high,
        }
        for who, metrics in result.compared.items():
            if who not in (MODEL, "majority"):
                found |= {f"{result.name}_test_{who}_{key}": metrics[key] for key in metrics}
    return found


def sections(results: Sequence[TestResult], labels: Sequence[str]) -> dict[str, str]:
    """Return the sections of a model card, by heading.

    What fewer than `MIN_ROWS` texts tell is left out, and said to be.
    """
    if not results:
        return {}
    is_compared = all("baseline" in result.compared for result in results)
    found = {"Next to a bag of words" if is_compared else "On test texts": _overall(results)}
    found["By kind of text"] = _slices(results)
    shown = [result for result in results if result.rows >= MIN_ROWS]
    if not shown:
        return found
    if len(labels) > 2:
        found["By label"] = _by_set(shown, labels, per_class)
    if len(labels) <= MAX_CONFUSION_CLASSES:
        found["Confusion"] = "\n\n".join(_confusion_table(result, labels) for result in shown)
    elif text := _by_set(shown, labels, confused):
        found["Most often confused"] = text
    return found


def _by_set(
    results: Sequence[TestResult],
    labels: Sequence[str],
    write: Callable[[np.ndarray, Sequence[str]], str],
) -> str:
    """Return what is written of each set's confusion, under its name where there are several."""
    texts = {result.name: write(np.array(result.confusion), labels) for result in results}
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n\n".join(f"{name}:\n\n{text}" for name, text in texts.items() if text)


def _overall(results: Sequence[TestResult]) -> str:
    rows = [row for result in results for row in overall(result.name, result.rows, result.compared)]
    header = ["test set", "model", "texts", "accuracy", "95 % interval", "macro-F1"]
    note = "The interval holds the accuracy on many more such texts, 19 times of 20."
    if any("baseline" in result.compared for result in results):
        note += " Bags are fitted to the same rows as the model."
    return f"{table(header, rows)}\n\n{note}"


def _slices(results: Sequence[TestResult]) -> str:
    parts = [(result.name, part) for result in results for part in result.slices]
    large = [(name, part) for name, part in parts if part.rows >= MIN_ROWS]
    if not large:
        return f"No kind has {MIN_ROWS} texts here: too few to tell."
    rows = [
        [
            name,
            part.name,
            f"{part.rows:,}",
            f"{part.accuracy:.3f}",
            *([] if part.baseline is None else [f"{part.baseline:.3f}"]),
        ]
        for name, part in large
    ]
    header = ["test set", "texts", "number", "accuracy", "bag of words"][: max(map(len, rows))]
    note = f"\n\nKinds with fewer than {MIN_ROWS} texts are left out."
    return table(header, rows) + (note if len(large) < len(parts) else "")


def _confusion_table(result: TestResult, labels: Sequence[str]) -> str:
    rows = [
        [label, *(f"{count:,}" for count in counts)]
        for label, counts in zip(labels, result.confusion, strict=True)
    ]
    return table([f"{result.name}: label \\ answer", *labels], rows)
