"""A classifier in 8 bits that goes on from where texts stand; whole texts `recurrent` reads itself.

The engine's sums are exact, so an answer has the same bits however a text is cut: there is nothing
to prove when a version is loaded.
"""

from collections.abc import Sequence

import numpy as np

from recurrent.text_classifier import Standing, TextClassifier, axis_of_rows
from service.engine.arrays import Floats
from service.engine.tasks.text_classification.resume_runtime import Reading, TextState


class EightBitResume:
    """Reads texts in parts; see `resume_runtime.ResumeRuntime`.

    Args:
        classifier: Runs them.
    """

    def __init__(self, classifier: TextClassifier) -> None:
        """Remember where texts begin."""
        self._classifier = classifier
        self.num_last = classifier.num_last
        begin = classifier.start(1)
        nothing = np.zeros(0, np.float32)
        self.start = TextState(0, tuple(begin.last_ids[0]), begin.arrays, nothing)

    def open(self) -> None:
        """Do nothing: what reads whole texts is all that is needed."""

    def read(self, readings: Sequence[Reading]) -> list[TextState]:
        """Return where each text stands after its next part."""
        befores = [one.before for one in readings]
        arrays = {
            name: np.concatenate([one.arrays[name] for one in befores], axis=axis_of_rows(name))
            for name in self.start.arrays
        }
        before = Standing(
            [one.num_tokens for one in befores], [one.last_ids for one in befores], arrays
        )
        probs, after = self._classifier.read([one.token_ids for one in readings], before)
        return [
            TextState(
                after.counts[row],
                tuple(after.last_ids[row]),
                {name: _row(array, name, row) for name, array in after.arrays.items()},
                probs[row],
            )
            for row in range(len(readings))
        ]


def _row(array: Floats, name: str, row: int) -> Floats:
    return array.take([row], axis=axis_of_rows(name))
