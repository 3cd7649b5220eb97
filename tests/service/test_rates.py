import multiprocessing
import os
import shutil
import subprocess
import time

import pytest

from service.rates import (
    NUM_CELLS,
    NUM_SLOTS,
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


@pytest.fixture
def redis_url(tmp_path):
    """The address of a Redis server of our own."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed (Debian: apt-get install redis-server)")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(10)


def test_machines_count_together_in_redis(redis_url):
    first, second = StoredCounts(redis_url), StoredCounts(redis_url)
    until = time.monotonic() + 60
    while True:
        try:
            count, reset_s = first.hit("ann", 60)
            break
        except Unreachable:
            assert time.monotonic() < until
            time.sleep(0.02)
    assert count == 1
    assert 0 < reset_s <= 60
    assert second.hit("ann", 60)[0] == 2
    assert second.hit("bob", 60)[0] == 1
