"""What a worker does beside answering requests: small jobs, each every few seconds.

Knows nothing of the jobs. Under gunicorn's gevent worker a job is a greenlet like every request,
so what would hold up the others goes `aside`, to a thread of its own.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import gevent
from gevent import monkey

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


def aside(work: Callable[[], Result], /) -> Result:
    """Do a piece of work without holding up the worker's other requests, and wait for it.

    Loading a model of 10 MB takes about 0.1 s, which a stream's reader would see.
    """
    if not monkey.is_module_patched("threading"):
        return work()
    outcome: Future[Result] = Future()
    gevent.get_hub().threadpool.apply(_settle, (outcome, work))
    return outcome.result()


def _settle(outcome: Future[Result], work: Callable[[], Result]) -> None:
    """Keep what the work raises: gevent would write a traceback beside the log."""
    try:
        outcome.set_result(work())
    except BaseException as exc:
        outcome.set_exception(exc)


class BackgroundJob:
    """A job that is done again and again until it is stopped.

    Args:
        name: What it is called in the log.
        work: Does it once; what it raises is logged, and it is tried again.
        interval_s: Seconds between its end and its next begin.
    """

    def __init__(self, name: str, work: Callable[[], None], interval_s: float) -> None:
        self._name = name
        self._work = work
        self._interval_s = interval_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Do it for the first time in `interval_s` seconds."""
        self._thread.start()

    def stop(self, patience_s: float = 1.0) -> None:
        """Let it not begin again, and wait a moment for the one that runs."""
        self._stopped.set()
        self._thread.join(patience_s)

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            try:
                self._work()
            except Exception:  # the edge of a thread of its own: the next time may go well
                logger.exception("the chore %r failed", self._name)
