"""Held-out texts that are likely labelled wrong: the first ones that a person should look at.

They stay in the run's folder: no text of a person's data is written into a version.
"""

import csv
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from training.data.labelled_texts import ClassificationData, Rows
from training.data.reports import counted
from training.tasks.text_classification.measure import Answers

log = logging.getLogger(__name__)

DOUBTS = "likely_mislabelled.csv"  # in the run's folder
NUM_LOOKED_AT = 10
MAX_KEPT = 1_000


class Doubt(NamedTuple):
    """A text with its label, what the model says, and how probable that and the label are."""

    text: str
    label: str
    answer: str
    answer_prob: float
    label_prob: float


def likely_mislabelled(rows: Rows, probs: np.ndarray, names: Sequence[str]) -> list[Doubt]:
    """Return texts whose label the model finds less likely than another, the surest first.

    As in confident learning (Northcutt et al. 2021): the model has not seen these rows, so that it
    has not learned their labels by heart.

    Args:
        rows: Texts and class ids.
        probs: (num_texts, num_classes).
        names: Of the classes.
    """
    labels = np.asarray(rows.labels)
    given = probs[np.arange(len(labels)), labels]
    margins = probs.max(axis=1) - given
    order = [int(n) for n in np.argsort(-margins, kind="stable") if margins[n] > 0]
    return [
        Doubt(rows.texts[n], names[labels[n]], names[probs[n].argmax()],
              round(float(probs[n].max()), 4), round(float(given[n]), 4))
        for n in order
    ]  # fmt: skip


def keep_doubts(path: Path, data: ClassificationData, answers: Mapping[str, Answers]) -> None:
    """Write them to a CSV and say so; one of an earlier run goes.

    Args:
        path: The file.
        data: With test sets; without any there is nothing to tell.
        answers: What the model says of each test set.
    """
    path.unlink(missing_ok=True)
    found = [
        doubt
        for name, rows in data.tests.items()
        for doubt in likely_mislabelled(rows, answers[name].probs, data.labels)
    ]
    found.sort(key=lambda doubt: doubt.label_prob - doubt.answer_prob)
    if not found:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Doubt._fields)
        writer.writerows(found[:MAX_KEPT])
    log.info(
        "%s answered otherwise than labelled; those at the top (look at the first %d) are the "
        "likeliest to be labelled wrong: %s",
        *(counted(len(found), "test text"), min(NUM_LOOKED_AT, len(found)), path),
    )
