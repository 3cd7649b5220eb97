import multiprocessing
import os
import shutil
import socket
import subprocess
import time

import pytest

from service.rate_limits import (
    NUM_CELLS,
    NUM_SLOTS,
    PAUSE_S,
    Rates,
    RatesError,
    SharedCounts,
    StoredCounts,
    Unreachable,
)
from tests.e2e.conftest import free_port


class Clock:
    """Tells the time that it is told."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def counts(clock):
    return SharedCounts(None, clock)


def test_requests_are_counted_by_caller(counts):
    assert [counts.hit("ann", 60)[0] for _ in range(3)] == [1, 2, 3]
    assert counts.hit("bob", 60)[0] == 1


def test_a_window_ends_when_it_said(counts, clock):
    counts.hit("ann", 60)
    clock.now += 20
    assert counts.hit("ann", 60) == (2, 40.0)
    clock.now += 40
    assert counts.hit("ann", 60) == (1, 60.0)


def test_a_clock_that_jumps_back_locks_nobody_out(counts, clock):
    counts.hit("ann", 60)
    clock.now -= 1000
    assert counts.hit("ann", 60) == (1, 60.0)


def test_memory_stays_the_same_however_many_callers_there_are(counts):
    size = len(counts._table)
    for number in range(2 * NUM_SLOTS):
        counts.hit(f"caller {number}", 60)
    assert len(counts._table) == size
    assert counts.hit("caller 0 again", 60)[0] == 1


def test_a_busy_callers_count_survives_a_crowd(counts, clock):
    for number in range(NUM_SLOTS // 4):
        counts.hit(f"caller {number}", 60)
    assert [counts.hit("ann", 60)[0] for _ in range(5)] == [1, 2, 3, 4, 5]


def count_many(path, times):
    counts = SharedCounts(path)
    for _ in range(times):
        counts.hit("ann", 60)


class InCell(SharedCounts):
    """Counts as a process that was given this cell; `meanwhile` holds its next hit up."""

    def __init__(self, path, cell, clock=time.monotonic):
        super().__init__(path, clock)
        self._cell = cell
        self.meanwhile = None

    def _count(self, place):
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super()._count(place)


def test_more_processes_than_there_are_cells_share_the_last(tmp_path):
    one, other = (InCell(tmp_path / "rates", NUM_CELLS - 1) for _ in range(2))
    assert [each.hit("ann", 60)[0] for each in (one, other, one)] == [1, 2, 3]


def test_a_count_that_comes_too_late_for_its_window_is_taken_back(tmp_path, clock):
    late, other = (InCell(tmp_path / "rates", cell, clock) for cell in range(2))
    assert [late.hit("ann", 60)[0] for _ in range(5)] == [1, 2, 3, 4, 5]

    def next_window():
        clock.now += 61
        other.hit("ann", 60)

    late.meanwhile = next_window
    assert late.hit("ann", 60) == (2, 60.0)
    assert other.hit("ann", 60)[0] == 3


def test_processes_count_together_and_lose_nothing(tmp_path):
    path = tmp_path / "rates"
    spawn = multiprocessing.get_context("spawn")
    others = [spawn.Process(target=count_many, args=(path, 500)) for _ in range(2)]
    for one in others:
        one.start()
    for one in others:
        one.join(30)
    assert SharedCounts(path).hit("ann", 60)[0] == 1001
    assert os.stat(path).st_mode & 0o077 == 0


def test_the_nearest_limit_is_told(counts, clock):
    rates = Rates("3/second; 4/minute", counts)
    standings = [rates.hit("ann") for _ in range(3)]
    assert [(limit.amount, left) for limit, left, _ in standings] == [(3, 2), (3, 1), (3, 0)]
    clock.now += 1
    for left in (0, -1):
        limit, told, _ = rates.hit("ann")
        assert (limit.amount, told) == (4, left)


def refused(rates, clock):
    """What a caller is told that uses up three requests a second and four a minute."""
    for _ in range(3):
        assert rates.hit("ann")[1] >= 0
    clock.now += 0.75
    return rates.hit("ann")


@pytest.mark.parametrize("text", ["3/second; 4/minute", "4/minute; 3/second"])
def test_who_is_over_one_limit_and_has_used_up_another_waits_for_both(counts, clock, text):
    limit, left, reset_s = refused(Rates(text, counts), clock)
    assert (limit.amount, left, reset_s) == (4, -1, 59.25)


@pytest.mark.parametrize("text", ["3/second; 3/minute", "3/minute; 3/second"])
def test_who_is_over_two_limits_is_told_the_longer_wait(counts, clock, text):
    limit, left, reset_s = refused(Rates(text, counts), clock)
    assert (limit.window_s, left, reset_s) == (60, -1, 59.25)


def test_a_limit_that_leaves_something_makes_nobody_wait(counts, clock):
    limit, left, reset_s = refused(Rates("3/second; 5/minute", counts), clock)
    assert (limit.amount, left, reset_s) == (3, -1, 0.25)


@pytest.mark.parametrize("text", ["often", "5", "5/fortnight", "-1/second"])
def test_limits_that_cannot_be_read_are_named(text, counts):
    with pytest.raises(RatesError, match="RATE_LIMIT"):
        Rates(text, counts)


def test_a_storage_that_is_unknown_is_named():
    with pytest.raises(RatesError, match="carrier-pigeon"):
        StoredCounts("carrier-pigeon://x")


def test_a_storage_that_is_away_says_so():
    with pytest.raises(Unreachable):
        StoredCounts(f"redis://127.0.0.1:{free_port()}/0").hit("ann", 60)


class Store:
    """A server that takes connections and never answers."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._open = []
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def num_asked(self):
        """How many times it was asked, over all."""
        while True:
            try:
                self._open.append(self._listener.accept()[0])
            except BlockingIOError:
                return len(self._open)

    def close(self):
        for one in [self._listener, *self._open]:
            one.close()


@pytest.fixture
def silent():
    store = Store()
    yield store
    store.close()


def test_a_store_that_hangs_holds_up_one_request_and_is_asked_again_after_a_pause(silent, clock):
    counts = StoredCounts(silent.url, now=clock)
    for _ in range(100):
        with pytest.raises(Unreachable):
            counts.hit("ann", 60)
    before = silent.num_asked()
    clock.now += PAUSE_S
    with pytest.raises(Unreachable):
        counts.hit("ann", 60)
    assert (before, silent.num_asked()) == (1, 2)


@pytest.fixture
def redis_url(tmp_path):
    """The address of a Redis server of our own."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed (Debian: apt-get install redis-server)")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.02)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(10)


def test_machines_count_together_in_redis(redis_url):
    first, second = (StoredCounts(redis_url, patience_s=30) for _ in range(2))
    assert [one.hit("ann", 60)[0] for one in (first, second, first)] == [1, 2, 3]
    assert second.hit("bob", 60)[0] == 1


def test_the_end_of_a_window_in_redis_comes_nearer(redis_url):
    counts = StoredCounts(redis_url, patience_s=30)
    assert counts.hit("ann", 60) == (1, 60)
    until = time.monotonic() + 30
    while counts.hit("ann", 60)[1] == 60:
        assert time.monotonic() < until
    assert 1 < counts.hit("ann", 60)[1] < 60


def test_no_window_in_redis_outlives_the_end_that_was_told(redis_url):
    """Redis tells whole seconds: with 0.4 left a caller was told to come at once, in vain."""
    counts = StoredCounts(redis_url, patience_s=30)
    told, before = [], 0
    while True:
        asked = time.monotonic()
        count, reset_s = counts.hit("ann", 1)
        if count <= before:
            break
        before, running = count, asked
        told.append(time.monotonic() + reset_s)
    assert running <= min(told) + 0.01  # it counts milliseconds
