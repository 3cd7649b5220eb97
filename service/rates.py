"""Counts requests by caller in windows of time, for all workers together.

Limits are written as the `limits` package reads them ("100/minute; 5/second"). On one machine the
workers count in a table in shared memory: exact across them, of a fixed size however many callers
there are, and untouched by changes of the clock. Several machines count in Redis, through
`limits`. Knows no HTTP.
"""

import fcntl
import hashlib
import math
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import limits
from limits.errors import ConfigurationError, StorageError
from limits.storage import Storage, storage_from_string

SLOT = struct.Struct("<8sdQ")  # hash of the caller and limit, end of its window, count
NUM_SLOTS = 1 << 14
REACH = 16  # slots after its own in which a caller may be found
CONNECT_S = 2  # patience with Redis


class RatesError(Exception):
    """The limits or their storage cannot be used; the message says why."""


class Unreachable(Exception):
    """Requests cannot be counted at the moment."""


class Counts(Protocol):
    """Counts requests in fixed windows of time."""

    def hit(self, key: str, window_s: int) -> tuple[int, float]:
        """Count one more; return how many there are in its window, and the seconds to its end.

        Raises:
            Unreachable: It cannot be counted now.
        """


class Standing(NamedTuple):
    """Where a caller stands with the limit that is nearest to being reached.

    Args:
        limit: Requests in a window.
        window_s: Seconds of the window.
        remaining: Requests left in it; -1 if this one was over the limit.
        reset_s: Seconds until the window ends.
    """

    limit: int
    window_s: int
    remaining: int
    reset_s: float


class Rates:
    """The limits of every caller.

    Args:
        text: The limits, in the notation of the `limits` package.
        counts: Counts the requests.

    Raises:
        RatesError: The notation cannot be read.
    """

    def __init__(self, text: str, counts: Counts) -> None:
        try:
            items = limits.parse_many(text)
        except ValueError as exc:
            raise RatesError(
                f"RATE_LIMIT={text!r} cannot be read; write, for example, '100/minute; 5/second'"
            ) from exc
        self._limits = [
            (item.amount, item.get_expiry(), f"{item.amount}/{item.get_expiry()} ")
            for item in items
        ]
        self._counts = counts

    def hit(self, caller: str) -> Standing:
        """Count a request; raises `Unreachable` as its counts do."""
        standings = []
        for amount, window_s, prefix in self._limits:
            count, reset_s = self._counts.hit(prefix + caller, window_s)
            standings.append(Standing(amount, window_s, max(-1, amount - count), reset_s))
        if len(standings) == 1:
            return standings[0]
        return min(standings, key=lambda one: (one.remaining, -one.reset_s))


class SharedCounts:
    """Counts in a table that all workers of a machine share.

    A caller's window begins with its first request. When a neighbourhood of the table is full,
    the window that ends first is given up: only somebody with thousands of addresses gains by it,
    and memory does not grow.

    Args:
        path: A file in memory that all workers open; None counts in this process alone.
        now: Tells the time in seconds, the same in all processes.
    """

    def __init__(self, path: Path | None, now: Callable[[], float] = time.monotonic) -> None:
        size = SLOT.size * NUM_SLOTS
        self._file = os.memfd_create("rates") if path is None else _open(path)
        os.ftruncate(self._file, size)
        self._table = mmap.mmap(self._file, size)
        self._lock = threading.Lock()
        self._now = now

    def hit(self, key: str, window_s: int) -> tuple[int, float]:
        """Count one more, see `Counts`; 3 microseconds."""
        digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)  # let go of by the kernel if we are killed
            try:
                return self._hit(digest, window_s, self._now())
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _hit(self, digest: bytes, window_s: int, now: float) -> tuple[int, float]:
        first = int.from_bytes(digest, "little")
        oldest, oldest_end = 0, math.inf
        for step in range(REACH):
            offset = (first + step) % NUM_SLOTS * SLOT.size
            other, end, count = SLOT.unpack_from(self._table, offset)
            if other == digest and now < end <= now + window_s:
                SLOT.pack_into(self._table, offset, digest, end, count + 1)
                return count + 1, end - now
            end = -math.inf if other == digest or end <= now else end
            if end < oldest_end:
                oldest, oldest_end = offset, end
        SLOT.pack_into(self._table, oldest, digest, now + window_s, 1)
        return 1, float(window_s)


class StoredCounts:
    """Counts in a store that several machines share.

    Args:
        url: Such as "redis://host:6379/0".

    Raises:
        RatesError: It is none that the `limits` package knows, or its client is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            storage = storage_from_string(
                url,
                wrap_exceptions=True,
                socket_timeout=CONNECT_S,
                socket_connect_timeout=CONNECT_S,
            )
        except (ConfigurationError, StorageError, TypeError, ValueError) as exc:
            raise RatesError(f"RATE_LIMIT_STORAGE={url!r} cannot be used: {exc}") from exc
        assert isinstance(storage, Storage)
        self._storage = storage

    def hit(self, key: str, window_s: int) -> tuple[int, float]:
        """Count one more, see `Counts`."""
        try:
            count = self._storage.incr(f"rnn-service {key}", window_s)
            end = self._storage.get_expiry(f"rnn-service {key}")
        except StorageError as exc:
            raise Unreachable(f"requests cannot be counted: {exc}") from exc
        return count, min(max(end - time.time(), 0.0), window_s)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
