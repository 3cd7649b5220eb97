"""Texts without labels, labelled by models that are there already.

A net learns what the teachers say together of texts that nobody labelled, besides the labels of
those that somebody did: distillation (Hinton et al. 2015), and self-training where a teacher is
as large as the net. Teachers that err differently, such as a recurrent net and a bag of words,
teach more than either of them knows.

Together they say the geometric mean of their probabilities, one of the two means that Hinton et
al. name: the arithmetic one was less sure than it was right (calibration error 0.036 instead of
0.015 on IMDB test, for a recurrent net and naive Bayes), and a net learns that too.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_store import Store
from model_store.manifest import Dataset
from training.data import named_set_readers, named_sets
from training.data.labelled_texts import ClassificationData
from training.data.own_documents import read_own_text
from training.data.splits import exact_key
from training.errors import DataError
from training.fitting.naive_bayes import NaiveBayes
from training.references import open_reference
from training.reports.baseline import Baseline
from training.reports.metrics import softmax
from training.tasks.text_classification.served import ServedClassifier

log = logging.getLogger(__name__)

FITTED: dict[str, type[Baseline | NaiveBayes]] = {
    "bag-of-words": Baseline,
    "naive-bayes": NaiveBayes,
}
LEAST = 1e-6  # of a probability, so that no teacher alone decides

Teacher = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True, slots=True)
class TaughtRows:
    """Texts with what was taught of them.

    Args:
        texts: Distinct.
        probs: (num_texts, num_classes) float32.
        dataset: The same for the manifest.
    """

    texts: list[str]
    probs: np.ndarray
    dataset: Dataset


def teach(
    source: str, references: Sequence[str], *, store: Store, data: ClassificationData
) -> TaughtRows:
    """Label a source's texts with what teachers say together.

    Args:
        source: A named set with texts that nobody labelled (`imdb`), or the user's own text file,
            a text a line.
        references: Classifiers of the store as NAME[:VERSION]; `bag-of-words` or `naive-bayes`,
            fitted here to the training rows, or with `:SOURCE` to those of one source.
        store: Where the classifiers are.
        data: Labels, training rows, and the rows that no text may equal.

    Raises:
        DataError: The source cannot be read or has no new text.
        ValueError: A teacher has other labels, is no classifier, or its source is not in the data.
        model_store.StoreError: The store does not have a teacher, or it is damaged.
    """
    teachers = [open_teacher(reference, store=store, data=data) for reference in references]
    texts = read_unlabelled(source, data)
    log.info("%s: %s texts, labelled by %s", source, f"{len(texts):,}", " and ".join(references))
    probs = geometric_mean([teacher(texts) for teacher in teachers])
    return TaughtRows(texts, probs.astype(np.float32), _dataset(source, references, len(texts)))


def geometric_mean(said: Sequence[np.ndarray]) -> np.ndarray:
    """Return the normalized geometric mean of arrays of probabilities (num_texts, num_classes)."""
    return softmax(np.mean([np.log(np.maximum(probs, LEAST)) for probs in said], axis=0))


def _dataset(source: str, references: Sequence[str], rows: int) -> Dataset:
    origin = named_sets.SETS.get(source)
    return Dataset(
        name=source if origin else Path(source).name,
        split=f"unlabelled, taught by {', '.join(references)}",
        rows=rows,
        source=origin.home if origin else "",
        licence=origin.licence if origin else "",
    )


def open_teacher(reference: str, *, store: Store, data: ClassificationData) -> Teacher:
    """Return what gives probabilities (num_texts, num_classes) in the order of the data's labels.

    Raises:
        ValueError: It is no classifier of these labels, or fitted to a source that is not there.
        model_store.StoreError: The store does not have it, or it is damaged.
    """
    name, _, source = reference.partition(":")
    if (fitted := FITTED.get(name)) is not None:
        if source and source not in data.sources:
            raise ValueError(f"{reference}: {source} is not among the data trained on")
        rows = data.sources[source] if source else data.train
        return fitted(rows.texts, rows.labels).probs
    served = ServedClassifier.open(open_reference(store, reference))
    if set(served.config.labels) != set(data.labels):
        raise ValueError(
            f"the labels of {reference} ({', '.join(served.config.labels)}) are not those of the "
            f"data ({', '.join(data.labels)})"
        )
    order = [served.config.labels.index(label) for label in data.labels]
    return lambda texts: served.probs(texts)[:, order]


def read_unlabelled(source: str, data: ClassificationData) -> list[str]:
    """Return a source's distinct texts that no split of the data has.

    Raises:
        DataError: It cannot be read or fetched, or nothing is left.
    """
    if source in named_set_readers.UNLABELLED:
        found = named_set_readers.read_unlabelled(source)
    elif Path(source).exists():
        found = read_own_text(Path(source), lines=True).documents
    else:
        raise DataError(
            f"{source!r} is no named set with texts that nobody labelled "
            f"({', '.join(named_set_readers.UNLABELLED)}) and no file"
        )
    known = {
        exact_key(text)
        for rows in (data.train, data.validation, *data.tests.values())
        for text in rows.texts
    }
    distinct = {exact_key(text): text for text in found}
    texts = [text for key, text in distinct.items() if key and key not in known]
    if not texts:
        raise DataError(f"{source} has no text that the data do not have already")
    return texts
