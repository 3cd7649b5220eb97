"""Counts requests by caller in windows of time, for all workers together.

Limits are written as the `limits` package reads them ("100/minute; 5/second"). On one machine the
workers count in a table in shared memory: never more than a limit across them, of a fixed size
however many callers there are, and untouched by changes of the clock. Several machines count in
Redis, through `limits`. Knows no HTTP.
"""

import contextlib
import fcntl
import hashlib
import math
import mmap
import os
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

import limits
from limits.errors import ConfigurationError, StorageError
from limits.storage import Storage, storage_from_string

NUM_CELLS = 8  # of a slot: one for each process that counts, the last for all further ones
WORDS, WORD_BYTES = 2 + NUM_CELLS, 8  # hash of the caller and limit, end of its window, cells
NUM_SLOTS = 1 << 14
REACH = 16  # slots from its own on in which a caller may be found
PATIENCE_S = 0.25  # with each answer of the store that several machines share
PAUSE_S = 5.0  # for which it is not asked again once it has failed
ROUNDING_S = 0.5  # Redis tells whole seconds, the nearest


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


class Limit(NamedTuple):
    """So many requests of a caller in a window of time.

    Args:
        amount: Requests.
        window_s: Seconds.
        prefix: What distinguishes its counts from those of other limits.
    """

    amount: int
    window_s: int
    prefix: str


Standing = tuple[Limit, int, float]
"""The limit that a caller is nearest to, how many requests are left to it in the window, -1 if this
one is over a limit, and the seconds to the window's end: before that the next one is over, too. A
plain tuple, since one is made for each request."""


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
        if any(item.amount < 1 for item in items):
            raise RatesError(f"RATE_LIMIT={text!r} lets nobody in; it must be 1 or more in a time")
        self._limits = tuple(
            Limit(item.amount, item.get_expiry(), f"{item.amount}/{item.get_expiry()} ")
            for item in items
        )
        self._counts = counts

    def hit(self, caller: str) -> Standing:
        """Count a request; raises `Unreachable` as its counts do."""
        nearest: Standing | None = None
        is_over = False
        for limit in self._limits:
            amount, window_s, prefix = limit
            count, reset_s = self._counts.hit(prefix + caller, window_s)
            left = amount - count
            if left < 0:
                is_over, left = True, 0  # those just used up make the caller wait as well
            if nearest is None or (left, -reset_s) < (nearest[1], -nearest[2]):
                nearest = limit, left, reset_s
        assert nearest is not None, "parse_many returns at least one"
        return (nearest[0], -1, nearest[2]) if is_over else nearest


class SharedCounts:
    """Counts in a table that all workers of a machine share.

    A caller's window begins with its first request. When a neighbourhood of the table is full,
    the window that ends first is given up: only somebody with thousands of addresses gains by it,
    and memory does not grow.

    In a running window each process counts in a cell of its own, which takes no lock, and the sum
    is the count: requests of the same microsecond may each see the other, so that a limit is kept
    exactly or by one less, never by more. Only whoever begins a window locks the table. A process
    that was held up between its look at the window and its count sees that the window has changed,
    and takes the count back: until then nobody else has written into its cell but zeros.

    Args:
        path: A file in memory that all workers open; None counts in this process alone.
        now: Tells the time in seconds, the same in all processes.
    """

    def __init__(self, path: Path | None, now: Callable[[], float] = time.monotonic) -> None:
        size = (NUM_SLOTS + REACH) * WORDS * WORD_BYTES
        self._file = os.memfd_create("rates") if path is None else _open(path)
        os.ftruncate(self._file, size)
        self._table = mmap.mmap(self._file, size)
        self._numbers = memoryview(self._table).cast("Q")
        self._ends = memoryview(self._table).cast("d")
        self._cell = _own_cell(self._file)
        self._now = now

    def hit(self, key: str, window_s: int) -> tuple[int, float]:
        """Count one more, see `Counts`; 1 microsecond. A process's greenlets take no turns here."""
        digest, place = _digest_and_place(key)
        now = self._now()
        end = self._ends[place + 1]
        is_running = self._numbers[place] == digest and now < end <= now + window_s
        if is_running and self._cell < NUM_CELLS - 1:
            count = self._count(place)
            if self._ends[place + 1] == end:
                return count, end - now
            self._numbers[place + 2 + self._cell] = 0
        fcntl.flock(self._file, fcntl.LOCK_EX)  # let go of by the kernel if we are killed
        try:
            now = self._now()  # not before what others have begun meanwhile
            place = self._find(digest, place, now=now, window_s=window_s)
            return self._count(place), self._ends[place + 1] - now
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _count(self, place: int) -> int:
        self._numbers[place + 2 + self._cell] += 1
        return sum(self._numbers[place + 2 : place + WORDS])

    def _find(self, digest: int, first: int, *, now: float, window_s: int) -> int:
        """Return the place of a caller's running window, or of one that begins now."""
        oldest, oldest_end = first, math.inf
        for place in range(first, first + REACH * WORDS, WORDS):
            is_ours, end = self._numbers[place] == digest, self._ends[place + 1]
            if is_ours and now < end <= now + window_s:
                return place
            end = -math.inf if is_ours or end <= now else end
            if end < oldest_end:
                oldest, oldest_end = place, end
        self._ends[oldest + 1] = 0.0  # first: from here on nobody counts in it
        for cell in range(oldest + 2, oldest + WORDS):
            self._numbers[cell] = 0
        self._numbers[oldest] = digest
        self._ends[oldest + 1] = now + window_s
        return oldest


def _own_cell(file: int) -> int:
    """Return a cell that no other process has, and keep it until this one ends; else the last."""
    for cell in range(NUM_CELLS - 1):
        with contextlib.suppress(OSError):
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, cell)
            return cell
    return NUM_CELLS - 1


@lru_cache(maxsize=4096)
def _digest_and_place(key: str) -> tuple[int, int]:
    """Return a key's hash, and the number of the first word of its first slot."""
    digest = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=WORD_BYTES).digest(), "big")
    return digest, digest % NUM_SLOTS * WORDS


class StoredCounts:
    """Counts in a store that several machines share.

    A store that does not answer costs one request its patience, not each: it is left alone for a
    while then.

    Args:
        url: Such as "redis://host:6379/0".
        patience_s: Seconds to wait for an answer.
        now: Tells the time in seconds.

    Raises:
        RatesError: It is none that the `limits` package knows, or its client is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        patience_s: float = PATIENCE_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            storage = storage_from_string(
                url,
                wrap_exceptions=True,
                socket_timeout=patience_s,
                socket_connect_timeout=patience_s,
            )
        except (ConfigurationError, StorageError, TypeError, ValueError) as exc:
            raise RatesError(f"RATE_LIMIT_STORAGE={url!r} cannot be used: {exc}") from exc
        assert isinstance(storage, Storage)
        self._storage = storage
        self._now = now
        self._asks_from = -math.inf

    def hit(self, key: str, window_s: int) -> tuple[int, float]:
        """Count one more, see `Counts`."""
        if self._now() < self._asks_from:
            raise Unreachable("the store has failed a moment ago")
        try:
            count = self._storage.incr(f"rnn-service {key}", window_s)
            end = self._storage.get_expiry(f"rnn-service {key}")
        except StorageError as exc:
            self._asks_from = self._now() + PAUSE_S
            raise Unreachable(f"requests cannot be counted: {exc}") from exc
        return count, min(max(end - time.time(), 0.0) + ROUNDING_S, window_s)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
