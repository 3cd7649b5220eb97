"""Reads and writes that cannot be seen half done.

Reading never follows a link and never waits (a pipe in the place of a file is refused). Writing is
fsynced, files and directories, before it counts. Knows no models and no versions.
"""

import errno
import fcntl
import mmap
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HIDDEN = ".tmp-"
STALE_S = 3600
"""Age in seconds after which a hidden leftover belongs to no living process."""


def read_file(path: Path, *, max_bytes: int) -> bytes:
    """Return a plain file's content, at most `max_bytes + 1` bytes of it.

    Raises:
        IsADirectoryError: If it is anything but a plain file.
        OSError: As the system says; ELOOP for a link.
    """
    descriptor = _open_plain(path)
    try:
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(max_bytes + 1)
    finally:
        os.close(descriptor)


def map_file(path: Path) -> memoryview:
    """Return a plain file's content as read-only memory that all processes share.

    It stays there when the file is deleted. Errors as in `read_file`, also for an empty file.
    """
    descriptor = _open_plain(path)
    try:
        return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))
    except ValueError as exc:  # empty
        raise OSError(errno.EINVAL, "empty file", str(path)) from exc
    finally:
        os.close(descriptor)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet, down to the disk."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Make the names in a directory last."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hidden_path(directory: Path) -> Path:
    """Return a free path in the directory that no reader looks at."""
    return directory / f"{HIDDEN}{uuid.uuid4().hex}"


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one step: readers see the old content or the new one, whole."""
    hidden = hidden_path(path.parent)
    try:
        write_new(hidden, data)
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)
    sync_directory(path.parent)


def remove(path: Path) -> None:
    """Delete a file or a whole directory, as far as it goes."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def remove_stale(directory: Path) -> None:
    """Delete what a killed writer left in the directory more than an hour ago."""
    oldest = time.time() - STALE_S
    for path in directory.glob(f"{HIDDEN}*"):
        with suppress(FileNotFoundError):  # another writer was quicker
            if path.lstat().st_mtime < oldest:
                remove(path)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory's writer lock; it ends with the process at the latest."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open_plain(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IsADirectoryError(errno.EISDIR, "no plain file", str(path))
    return descriptor
