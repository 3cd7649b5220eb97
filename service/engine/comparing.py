"""How far two classifications of the same inputs are apart, for shadow versions."""

from collections.abc import Sequence

from service.engine.requests.classify import Classification
from service.engine.worker import Difference


def compare_labels(
    given: Sequence[Classification], other: Sequence[Classification], labels: Sequence[str]
) -> Difference:
    """Compare answers; the distance is the change of the given label's own score.

    Args:
        given: What was answered.
        other: What the shadow answers to the same inputs.
        labels: The shadow's labels, in the order of its `probs`.
    """
    pairs = list(zip(given, other, strict=True))
    same = sum(old.label == new.label for old, new in pairs)
    distance = sum(abs(old.score - _score(new, old.label, labels)) for old, new in pairs)
    return Difference(same, len(pairs) - same, distance)


def _score(answer: Classification, label: str, labels: Sequence[str]) -> float:
    """Return the probability of a label; 0 if there is none of this name."""
    return answer.probs[labels.index(label)] if label in labels else 0.0
