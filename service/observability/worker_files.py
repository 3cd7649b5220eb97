"""The files in which each worker counts for itself, and what becomes of them when it has ended.

They lie in memory, in the run folder. Knows nothing of what is counted.
"""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

from service.errors import NotReady
from service.http.startup_checks import METRICS_DIR

logger = logging.getLogger(__name__)

LOCK_FILE = "lock"
ENDED = "ended"  # stands for the number of all workers that have ended
COUNTS = "answers_{}.counts"  # not read by `prometheus_client`
ADDED_UP = ("counter_{}.db", "histogram_{}.db", COUNTS)
"""Files whose values outlive their worker, by its number."""

Value = tuple[str, float, float]
"""Key, number, and when it was last added to in Unix seconds, 0 if that is not kept."""


def read_values(file: Path) -> list[Value]:
    """Read a file, whole or not at all."""
    found = MmapedDict.read_all_values_from_file(str(file))  # type: ignore[no-untyped-call]
    return [(key, value, last_s) for key, value, last_s, _ in found]


def retire(run_dir: Path, pid: int) -> None:
    """Add the counts of a worker that has ended to those of the ones before, and drop the rest.

    Without that each replaced worker would leave its files, and memory would grow. A file that
    cannot be read is dropped, which the log tells.
    """
    folder = run_dir / METRICS_DIR
    with locked(folder, fcntl.LOCK_EX):
        for kind in ADDED_UP:
            file = folder / kind.format(pid)
            try:
                if file.exists():
                    _add_up(file, folder / kind.format(ENDED))
            except Exception:  # whatever it is that a killed worker left
                logger.exception("the counts of an ended worker are lost: %s", file.name)
            file.unlink(missing_ok=True)
        for file in folder.glob(f"gauge_*_{pid}.db"):
            file.unlink()


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Keep `retire` out while figures are read.

    Raises:
        NotReady: The folder they are in is gone.
    """
    try:
        with locked(folder, fcntl.LOCK_SH):
            yield
    except FileNotFoundError as exc:
        raise NotReady("the folder of the figures is gone: restart the service") from exc


@contextmanager
def locked(folder: Path, kind: int) -> Iterator[None]:
    """Keep `retire` out while figures are read, and the other way round."""
    with (folder / LOCK_FILE).open("a") as lock:
        fcntl.flock(lock, kind)
        yield


def _add_up(file: Path, total: Path) -> None:
    """Add the values of one file to those of another."""
    # All are read before the first is added, so that a file counts whole or not at all.
    values = read_values(file)
    sums = MmapedDict(str(total))  # type: ignore[no-untyped-call]
    for key, value, last_s in values:
        before, before_s = sums.read_value(key)  # type: ignore[no-untyped-call]
        sums.write_value(key, before + value, max(before_s, last_s))  # type: ignore[no-untyped-call]
    sums.close()  # type: ignore[no-untyped-call]
