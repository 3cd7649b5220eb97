"""Starts the service: `python -m service`, from the project's folder.

The same as `gunicorn -c service/gunicorn.conf.py`, but for Ctrl-C in the first second, which ends
it quietly: until gunicorn has handlers of its own, Python would end in a traceback.
"""

import signal
import sys
from pathlib import Path

CONF = Path(__file__).with_name("gunicorn.conf.py")


def main() -> None:
    """Hand over to gunicorn, which restarts itself by its own command where it is asked to."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gunicorn.app.wsgiapp import run

    sys.argv = [str(Path(sys.executable).with_name("gunicorn")), "-c", str(CONF), *sys.argv[1:]]
    run(prog="gunicorn")


if __name__ == "__main__":
    main()
