"""What becomes of a worker that fails while it starts.

gunicorn ends the service with such a worker, which is right when the service starts and wrong when
one worker is replaced; with any other exit status it starts the next at once, as often as it can.
"""

import sys
import time

from service.http import startup_checks
from service.http.connection import FastPathWorker
from service.settings import Settings

CANNOT_BOOT = 1  # exit status: gunicorn starts another worker
PAUSE_S = 2.0  # before that
POLL_S = 0.1  # how often it looks for a signal to stop meanwhile


class BootingWorker(FastPathWorker):
    """A worker that, when the service has started and it cannot, lets another be tried later.

    A subclass sets `_settings` before it loads the application.
    """

    _settings: Settings

    def load_wsgi(self) -> None:
        """Load the application."""
        try:
            super().load_wsgi()
        except Exception:
            if not startup_checks.has_started(self._settings.run_dir):
                raise
            self.log.exception("The worker cannot start; another is tried in %g s", PAUSE_S)
            until = time.monotonic() + PAUSE_S
            while self.alive and time.monotonic() < until:
                time.sleep(POLL_S)
            sys.exit(CANNOT_BOOT)
        startup_checks.note_start(self._settings.run_dir)
