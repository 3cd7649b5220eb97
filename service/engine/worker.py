"""What answers the requests to one version of one model, as the rest of the engine sees it.

There are two kinds: `batch_worker` runs whole inputs together, `continuous_batching` steps rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from service.engine.activity import Tally


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of a copied request: answers that were the same and not, and by how much."""

    same: int
    different: int
    distance: float = 0.0


Comparison = Callable[[], Difference]
Offer = Callable[[Comparison], None]


class Worker(Protocol):
    """One version, ready to answer; threads share it."""

    @property
    def failure(self) -> str | None:
        """Why it answers no longer, or None."""

    @property
    def num_waiting(self) -> int:
        """Inputs or answers in line."""

    @property
    def num_running(self) -> int:
        """Answers being written; 0 where batches are over in milliseconds."""

    @property
    def tally(self) -> Tally:
        """What its runs added up to."""

    def answer(self, request: Any, /) -> Any:
        """Answer a request of its task's verb; None if it takes no more, since it is replaced.

        Raises:
            ServiceError: If it cannot.
        """

    def probe(self, deadline: float, /) -> None:
        """Answer a question as small as can be, to prove that it still does; raises as `answer`."""

    def compare(self, request: Any, answer: Any, shadow: "Worker", offer: Offer, /) -> None:
        """Offer, once the answer is known, to ask a shadow version the same and compare."""

    def close(self, patience_s: float | None = None) -> None:
        """Let go of it when its requests are answered; with a patience, fail what is left then."""
