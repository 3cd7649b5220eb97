"""Long work on a caller's own thread: others get their turn, and it ends if nobody waits for it."""

import time
from collections.abc import Callable

from service.engine.flat_combining import caller_left, too_late
from service.engine.pausing import pause
from service.engine.types import never


def giving_way(
    deadline: float | None, is_caller_gone: Callable[[], bool] = never
) -> Callable[[], None]:
    """Return what is to be called between stretches of the work.

    It gives way to everyone, and raises `DeadlineExceeded` once the deadline has passed and
    `Cancelled` once the caller is gone.

    Args:
        deadline: `time.monotonic()` value; None for none.
        is_caller_gone: Tells whether nobody waits any more.
    """

    def give_way() -> None:
        pause()
        if deadline is not None and deadline <= time.monotonic():
            raise too_late()
        if is_caller_gone():
            raise caller_left()

    return give_way
