"""The service with and without keys, limits and figures by turns; gunicorn calls `build`.

Command: `gunicorn -c service/gunicorn.conf.py "bench.operations_app:build()"`. In one process, a
tenth of a second each way: whatever else the machine does falls on all ways alike. At each turn
the worker writes what the last one cost to a file in the folder that `TURNS_DIR` names.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from flask import Flask
from prometheus_client import CollectorRegistry

from bench.loads import CLASSIFY
from service import background_jobs
from service.access import Access
from service.api.app import create_app
from service.api.handler import Handler
from service.api.reply import Reply
from service.api.request import Environ
from service.engine.engine import Engine
from service.observability import log
from service.observability.deferred_notes import DeferredNotes
from service.observability.metrics import Metrics
from service.settings import load_settings
from service.wsgi import engine_options

TURN_S = 0.2
SETTLE_S = 0.06  # of a turn, in which requests of the last one are still being answered
NONE, AGAIN = "none of them", "none of them, once more"
FIGURES, GUARDS, ALL = "figures", "keys and limits", "keys, limits and figures"
WAYS = (NONE, FIGURES, GUARDS, ALL, AGAIN)


class Turns:
    """A busy route that is handled one way after the other, in all workers at the same time.

    Args:
        handlers: In the order of their turns.
        file: Takes a line for each whole turn: its number, seconds of processor time, requests.
    """

    def __init__(self, handlers: Sequence[Handler], file: Path) -> None:
        """Begin with whichever has its turn now."""
        self._handlers = handlers
        self._file = file.open("a", buffering=1)
        self._number = -1
        self._num_requests = 0
        self._used_s = 0.0

    def __call__(self, environ: Environ) -> tuple[Reply, list[tuple[str, str]]]:
        """Answer the way whose turn it is."""
        turn, since_s = divmod(time.monotonic(), TURN_S)
        number = int(turn)
        if number != self._number:
            self._end(number)
        elif self._num_requests or since_s > SETTLE_S:
            self._used_s = self._used_s or time.process_time()
            self._num_requests += 1
        return self._handlers[number % len(self._handlers)](environ)

    def _end(self, following: int) -> None:
        if self._num_requests and following == self._number + 1:
            used_s = time.process_time() - self._used_s
            self._file.write(f"{self._number} {used_s} {self._num_requests}\n")
        self._number, self._num_requests, self._used_s = following, 0, 0.0


def build() -> Flask:
    """Start an engine, and make the application with and without around it."""
    settings = load_settings()
    log.configure(settings.log_level)
    engine = Engine(engine_options(settings), background_jobs.aside)
    engine.start()
    access = Access(settings)
    lines = log.RequestLog(settings.log_level)
    figures = Metrics(CollectorRegistry(), settings.run_dir)

    def app(*, has_guards: bool, has_figures: bool) -> Flask:
        notes = DeferredNotes([figures, lines] if has_figures else [lines])
        return create_app(
            engine,
            settings,
            guards=access.guards if has_guards else (),
            observers=[*(access.observers if has_guards else ()), notes],
        )

    apps = {
        NONE: app(has_guards=False, has_figures=False),
        FIGURES: app(has_guards=False, has_figures=True),
        GUARDS: app(has_guards=True, has_figures=False),
        ALL: app(has_guards=True, has_figures=True),
        AGAIN: app(has_guards=False, has_figures=False),
    }
    handlers = [apps[way].extensions["busy_routes"][CLASSIFY] for way in WAYS]
    turns = Turns(handlers, Path(os.environ["TURNS_DIR"]) / str(os.getpid()))
    apps[NONE].extensions["busy_routes"] = {CLASSIFY: turns}
    return apps[NONE]
