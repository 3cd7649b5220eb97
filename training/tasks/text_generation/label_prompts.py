"""Labelled texts for a generator that writes a text for a label: each begins with its own."""

import random

from training.data.corpus import MAX_HELD_OUT_DOCUMENTS, CorpusData
from training.data.labelled_texts import DEFAULTS, Rows, load_classification
from training.data.own_files import ReadOptions
from training.data.reports import DataReport
from training.tasks.text_classification.served import ServedClassifier
from training.tasks.text_generation.passages import telling_passages


def load_labelled_corpus(
    source: str,
    *,
    options: ReadOptions = DEFAULTS,
    validation_split: float = 0.1,
    seed: int = 0,
    judge: ServedClassifier | None = None,
) -> CorpusData:
    """Read labelled texts as documents that begin with their label, ":" and a space.

    Split as for a classifier; of large held-out splits, as many texts are kept as are enough for
    a steady figure. The labels are the prompts. Training documents are shuffled: what stands before
    a document in the stream must not tell its label.

    Args:
        source: A named set or a path, as `load_classification` takes them.
        options: How the user's own files are read.
        validation_split: Share to hold out where no validation split is published.
        seed: Seed of the splits that are made here, and of the order.
        judge: A classifier of the same labels: texts are then cut into passages, and those kept
            that it surely labels as their text is labelled.

    Raises:
        DataError: As `load_classification` does, or no passage tells its label.
        ValueError: The judge has other labels.
    """
    data = load_classification(
        [source], options=options, validation_split=validation_split, seed=seed
    )

    splits = {
        "train": shuffled(documents(data.train, data.labels, judge), seed),
        "validation": documents(spread(data.validation), data.labels, judge),
        "test": [
            document
            for rows in data.tests.values()
            for document in documents(spread(rows), data.labels, judge)
        ],
    }
    return CorpusData(
        **splits,
        prompts=data.labels,
        datasets=tuple(
            entry.model_copy(update={"rows": len(splits[entry.split])}) for entry in data.datasets
        ),
        report=DataReport(
            sources=data.report.sources,
            splits={split: {"documents": len(found)} for split, found in splits.items()},
            conflicts=data.report.conflicts,
        ),
    )


def documents(rows: Rows, labels: tuple[str, ...], judge: ServedClassifier | None) -> list[str]:
    """Return rows, or the passages that a judge keeps of them, each after its label."""
    if judge is not None:
        rows = telling_passages(rows, labels, judge)
    pairs = zip(rows.labels, rows.texts, strict=True)
    return [f"{labels[label]}: {text}" for label, text in pairs]


def spread(rows: Rows) -> Rows:
    """Return as many held-out rows as are enough, from all over the list."""
    step = max(1, -(-len(rows) // MAX_HELD_OUT_DOCUMENTS))
    return Rows(rows.texts[::step], rows.labels[::step])


def shuffled(documents: list[str], seed: int) -> list[str]:
    """Return documents in an order that tells nothing."""
    return random.Random(seed).sample(documents, len(documents))  # nosec B311
