"""Shadow versions: get copies of requests, and their answers are compared, counted and dropped.

A copy waits until its original is answered, then in a short line of its own; what finds the line
full is skipped, so that a slow shadow costs callers nothing but the processor's time.
"""

import logging
import threading
from collections import deque
from dataclasses import replace

from service.engine.activity import ShadowTally
from service.engine.loading import LoadedModel
from service.engine.worker import Comparison

logger = logging.getLogger(__name__)

MAX_WAITING = 64  # copies
PATIENCE_S = 60.0  # for the copy that it is at when the engine is closed


class Shadows:
    """Asks shadow versions what others were asked, on a thread of its own."""

    def __init__(self) -> None:
        """Start with nothing to do; the first copy starts the thread."""
        self._waiting: deque[tuple[LoadedModel, Comparison]] = deque()
        self._has_work = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._tallies: dict[tuple[str, int], ShadowTally] = {}

    def tallies(self) -> list[ShadowTally]:
        """Return what was counted so far, by version."""
        return list(self._tallies.values())

    def offer(self, model: LoadedModel, comparison: Comparison) -> None:
        """Compare later; a copy that finds the line full is counted as skipped."""
        with self._has_work:
            if self._is_closing:
                return
            if len(self._waiting) >= MAX_WAITING:
                self._count(model, skipped=1)
                return
            self._waiting.append((model, comparison))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
                self._thread.start()
            self._has_work.notify()

    def close(self) -> None:
        """Forget what waits; the thread ends after the copy that it is at."""
        with self._has_work:
            self._is_closing = True
            self._waiting.clear()
            self._has_work.notify()
        if self._thread is not None:
            self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        while (work := self._next()) is not None:
            model, comparison = work
            try:
                found = comparison()
            except Exception as exc:  # whatever a shadow does, nobody else is to notice
                logger.warning("shadow %s:%d: %s", model.info.name, model.info.version, exc)
                self._count(model, failed=1)
                continue
            self._count(model, same=found.same, different=found.different, distance=found.distance)

    def _next(self) -> tuple[LoadedModel, Comparison] | None:
        with self._has_work:
            while not self._waiting and not self._is_closing:
                self._has_work.wait()
            return None if self._is_closing else self._waiting.popleft()

    def _count(self, model: LoadedModel, **more: float) -> None:
        name, version = model.info.name, model.info.version
        tally = self._tallies.setdefault((name, version), ShadowTally(name, version))
        changed = {field: getattr(tally, field) + value for field, value in more.items()}
        self._tallies[name, version] = replace(tally, **changed)
