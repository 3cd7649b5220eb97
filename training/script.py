"""How a script runs: its log, its exit status, and a person's mistake in a line.

Imports nothing slow: scripts read their flags before PyTorch, so that `--help` and mistakes are
told at once.
"""

import errno
import logging
import sys
from collections.abc import Callable, Sequence

from model_store.errors import StoreError
from training.errors import DataError, ParityError, UsageError
from training.fitting.processes import this_share

log = logging.getLogger(__name__)

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PYTORCHS_WRITER = ("PytorchStreamWriter", "inline_container", "file write failed")


def run_script(main: Callable[[Sequence[str]], None], argv: Sequence[str]) -> int:
    """Run a script's `main`; tell a person's mistake in one line instead of a traceback.

    Returns:
        The exit status: 0, 1 for a training that failed, 2 for a mistake, 130 for Ctrl-C.
    """
    level = logging.INFO if this_share().is_first else logging.ERROR
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)
    try:
        main(argv)
    except (DataError, StoreError, UsageError) as exc:
        log.error("error: %s", exc)
        return 2
    except OSError as exc:  # a folder that is a file, no permission, no room
        log.error("error: %s%s", exc, _room_hint(exc))
        return 2
    except RuntimeError as exc:
        if (reason := _reason(exc)) is None:
            raise
        log.error("error: %s", reason)
        return 1
    except ParityError as exc:
        log.error("error: %s; the run's folder has the weights, --resume goes on from them", exc)
        return 1
    except KeyboardInterrupt as exc:
        log.error("%s", str(exc) or "stopped; nothing was published")
        return 130
    return 0


def _room_hint(exc: OSError) -> str:
    if exc.errno not in NO_ROOM:
        return ""
    return ": make room, or name another disk with --run-dir and --store; --resume goes on"


def _reason(exc: RuntimeError) -> str | None:
    """Return what a person can change about an error of PyTorch's, None for one of our own."""
    # told by its name: importing PyTorch for its class would cost seconds at every start
    if type(exc).__name__ == "OutOfMemoryError" or "allocate memory" in str(exc):
        return (
            "there is not enough memory for this network: give a smaller --hidden-size, "
            "--embedding-dim or --batch-size"
        )
    if any(sign in str(exc) for sign in PYTORCHS_WRITER):
        return (
            "a checkpoint could not be written: see to room and permission in the run's folder, or "
            "name another with --run-dir"
        )
    return None
