"""What a store's classifiers of the same labels answer to the test texts, as they are."""

import logging
from collections.abc import Mapping

import numpy as np

from model_store import Store
from training.data.labelled_texts import ClassificationData, Rows
from training.tasks.text_classification.measure import Answers
from training.tasks.text_classification.served import ServedClassifier
from training.tasks.text_classification.starts import classifiers_of

log = logging.getLogger(__name__)

MAX_TEXTS = 1_000  # of a test set, the first of a fixed shuffle


def say_untouched(
    store: Store, data: ClassificationData, answers: Mapping[str, Answers], *, excluded: str
) -> None:
    """Say how well each does beside the model that was trained: it may be all that is needed.

    Args:
        store: Where they are.
        data: Labels and test sets.
        answers: What the trained model says of each test set.
        excluded: The name of a model that is not looked at.
    """
    for stored in classifiers_of(store, excluded=excluded):
        served = ServedClassifier.open(stored)
        if set(served.config.labels) != set(data.labels):
            continue
        order = [served.config.labels.index(label) for label in data.labels]
        for name, rows in data.tests.items():
            places = np.random.default_rng(0).permutation(len(rows))[:MAX_TEXTS]
            probs = served.probs([rows.texts[place] for place in places])[:, order]
            log.info(
                "%s:%d, as it is, answers %.4f of %d test texts (%s) right, this model %.4f",
                *(stored.name, stored.version, _accuracy(probs, rows, places), len(places), name),
                _accuracy(answers[name].probs[places], rows, places),
            )


def _accuracy(probs: np.ndarray, rows: Rows, places: np.ndarray) -> float:
    return float((probs.argmax(axis=1) == np.asarray(rows.labels)[places]).mean())
