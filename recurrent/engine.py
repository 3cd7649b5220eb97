"""Opens networks of 8-bit weights on the fastest path that this machine has.

All paths give the same bits, so which one runs is a matter of speed alone.
"""

from typing import Protocol

from recurrent import native
from recurrent.batching import Batch
from recurrent.native import NativeClassifier, NativePredictor
from recurrent.packing import Floats
from recurrent.plain import PlainPredictor
from recurrent.plain_classifier import PlainClassifier
from recurrent.reading import Reading
from recurrent.weights import Classifier, Network

AUTO, PLAIN = "auto", "numpy"


class ClassifierEngine(Protocol):
    """Runs a classifier."""

    def classify(self, batch: Batch, reading: Reading) -> None:
        """Read a batch; write `reading.probs`, and over all states that both hold.

        Raises:
            MemoryError: If there is not enough of it.
        """


class PredictorEngine(Protocol):
    """Runs a language model."""

    def predict(self, batch: Batch, logits: Floats, *, is_each: bool) -> None:
        """Read a batch; write the logits of the token after each text, and over the states.

        Args:
            batch: The texts; one, if `is_each`.
            logits: (rows, decoder outputs), or with `is_each` (tokens, decoder outputs).
            is_each: Whether those after each token are wanted.

        Raises:
            MemoryError: If there is not enough of it.
        """


def paths() -> list[str]:
    """Return all that can run here, the fastest first; the last is numpy."""
    return [*native.available(), PLAIN]


def chosen_path(wanted: str = AUTO) -> str:
    """Return the path that is run.

    Args:
        wanted: One of `paths`, or "auto" for the fastest.

    Raises:
        ValueError: If this machine has no such path.
    """
    if wanted == AUTO:
        return paths()[0]
    if wanted not in paths():
        raise ValueError(f"{wanted} does not run here: choose auto or one of {', '.join(paths())}")
    return wanted


def open_classifier(classifier: Classifier, path: str = AUTO) -> ClassifierEngine:
    """Return what runs a classifier; `path` and errors as in `chosen_path`."""
    chosen = chosen_path(path)
    return PlainClassifier(classifier) if chosen == PLAIN else NativeClassifier(classifier, chosen)


def open_predictor(network: Network, path: str = AUTO) -> PredictorEngine:
    """Return what runs a language model; `path` and errors as in `chosen_path`."""
    chosen = chosen_path(path)
    return PlainPredictor(network) if chosen == PLAIN else NativePredictor(network, chosen)
