"""The most probable labels of a sentence among those that the BIO scheme allows."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

TINY = 1e-30


def allowed_pairs(labels: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return (labels + 1, labels): which label may follow which; the last row is the beginning."""
    allowed = np.ones((len(labels) + 1, len(labels)), np.bool_)
    for after, label in enumerate(labels):
        kind, _, name = label.partition("-")
        if kind == "I":
            allowed[:, after] = [before in (f"B-{name}", f"I-{name}") for before in (*labels, "O")]
    return allowed


def best_path(probs: Floats, allowed: npt.NDArray[np.bool_]) -> list[int]:
    """Return the label of each word: the allowed sequence of the highest product (Viterbi 1967).

    Args:
        probs: (num_words, num_labels).
        allowed: See `allowed_pairs`.
    """
    scores = np.log(np.maximum(probs.astype(np.float64), TINY))
    barred = np.where(allowed, 0.0, -np.inf)
    total = scores[0] + barred[-1]
    origins = []
    for row in scores[1:]:
        ways = total[:, None] + barred[:-1]
        origins.append(ways.argmax(axis=0))
        total = ways.max(axis=0) + row
    path = [int(total.argmax())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return path[::-1]
