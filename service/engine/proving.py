"""How a version is proved before it is served: its golden answers, and rows alone and together."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from model_store import TOLERANCE, GoldenCase, StoredVersion

EXACTLY = 0.0  # what 8-bit versions are held to: they have the same bits everywhere
LENGTHS = (1, 2, 7, 16, 33)  # of the sequences that are run alone and together

Case = TypeVar("Case", bound=GoldenCase)


class Refused(Exception):
    """A version must not be served; the message says why."""


def golden_cases(stored: StoredVersion, kind: type[Case]) -> list[Case]:
    """Return a version's golden cases, which its configuration says are of this kind."""
    cases = stored.golden().cases
    assert all(isinstance(case, kind) for case in cases)
    return [case for case in cases if isinstance(case, kind)]


def prove(
    cases: Sequence[Case], run: Callable[[Case], Sequence[float]], *, at_most: float = TOLERANCE
) -> None:
    """Run the golden inputs through `run`, which returns a case's outputs.

    `at_most` is the largest absolute difference that is still the same model.

    Raises:
        Refused: If an answer is not the exporter's.
    """
    for case in cases:
        difference = case.difference(run(case))
        if difference > at_most:
            raise Refused(
                f"golden.json: the answer to {case.shown} differs by {difference:.2g}, at "
                f"most {at_most:g} is allowed: export the model again"
            )


def probes(vocab_size: int) -> list[list[int]]:
    """Return token sequences of many lengths, the same each time."""
    return [[(7 * place + length) % vocab_size for place in range(length)] for length in LENGTHS]


def read_if_listed(stored: StoredVersion, filename: str) -> bytes | None:
    """Return the content of a file that a version may have."""
    return stored.read(filename) if filename in stored.manifest.files else None
