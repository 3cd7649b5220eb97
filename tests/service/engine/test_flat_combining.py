import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.engine.batcher import Batcher, Job
from service.engine.flat_combining import FlatCombiner
from service.engine.pausing import Stretches
from service.engine.types import never
from service.errors import Cancelled, DeadlineExceeded, EngineFailure, NotReady, QueueFull

PATIENCE_S = 30


def job(*token_ids, deadline=None, is_caller_gone=never):
    sequences = [[token_id] for token_id in token_ids]
    return Job(sequences, time.monotonic(), deadline, is_caller_gone)


def settle(batch):
    for item in batch:
        item.job.settle(item.index, [float(item.input[0])])


def combiner(run_batch=settle, *, max_batch_tokens=1000, max_queue_size=1000, max_wait_s=0.0):
    made = Batcher(max_batch_tokens, max_queue_size, max_wait_s=max_wait_s)
    return FlatCombiner(made, run_batch, Stretches())


class Held:
    """Runs batches, each only when it is let through; remembers who ran it."""

    def __init__(self):
        self.batches = []
        self.leaders = []
        self._reached = threading.Semaphore(0)
        self._let_through = threading.Semaphore(0)

    def __call__(self, batch):
        self.batches.append([item.input[0] for item in batch])
        self.leaders.append(threading.current_thread())
        self._reached.release()
        assert self._let_through.acquire(timeout=PATIENCE_S)
        settle(batch)

    def wait_for_batch(self):
        assert self._reached.acquire(timeout=PATIENCE_S)

    def let_through(self, count=1):
        self._let_through.release(count)


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture
def held():
    return Held()


@pytest.fixture
def callers():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_a_lone_caller_runs_its_own_batch():
    threads = []
    one = job(1, 2)

    def run(batch):
        threads.append(threading.current_thread())
        settle(batch)

    combiner(run).complete(one)

    assert one.outputs == [[1.0], [2.0]]
    assert threads == [threading.current_thread()]


def test_those_who_wait_are_run_together_by_one_of_them(held, callers):
    shared = combiner(held)
    first = callers.submit(shared.complete, job(1))
    held.wait_for_batch()
    others = [job(number) for number in (2, 3, 4)]
    waiting = [callers.submit(shared.complete, other) for other in others]
    until(lambda: shared.num_waiting == 3)
    held.let_through(2)
    for future in [first, *waiting]:
        future.result(PATIENCE_S)

    assert [sorted(batch) for batch in held.batches] == [[1], [2, 3, 4]]
    assert [other.outputs for other in others] == [[[2.0]], [[3.0]], [[4.0]]]


def test_a_leader_hands_on_when_its_own_job_is_done(held, callers):
    shared = combiner(held, max_batch_tokens=1)
    jobs = [job(1), job(2), job(3)]
    futures = [callers.submit(shared.complete, one) for one in jobs[:1]]
    held.wait_for_batch()
    futures += [callers.submit(shared.complete, one) for one in jobs[1:]]
    until(lambda: shared.num_waiting == 2)
    held.let_through(3)
    for future in futures:
        future.result(PATIENCE_S)

    assert len(set(held.leaders)) == 3


def test_a_caller_called_to_lead_that_leaves_instead_calls_the_next(held, callers):
    shared = combiner(held, max_batch_tokens=1)
    first = callers.submit(shared.complete, job(1))
    held.wait_for_batch()
    leaver = callers.submit(shared.complete, job(2, deadline=time.monotonic() + 0.02))
    last = callers.submit(shared.complete, job(3))

    assert isinstance(leaver.exception(PATIENCE_S), DeadlineExceeded)
    held.let_through(2)
    first.result(PATIENCE_S)
    last.result(PATIENCE_S)
    assert held.batches == [[1], [3]]


def test_a_job_whose_caller_left_stops_between_its_batches():
    batches = []

    def run(batch):
        batches.append(batch)
        settle(batch)

    shared = combiner(run, max_batch_tokens=1)
    left = job(1, 2, 3, is_caller_gone=lambda: True)

    with pytest.raises(Cancelled):
        shared.complete(left)
    assert len(batches) == 1
    assert shared.num_waiting == 0
    shared.complete(job(4))


def test_a_job_in_line_whose_caller_left_is_given_up(held, callers, monkeypatch):
    monkeypatch.setattr("service.engine.flat_combining.LOOK_S", 0.01)
    shared = combiner(held)
    first = callers.submit(shared.complete, job(1))
    held.wait_for_batch()
    left = callers.submit(shared.complete, job(2, is_caller_gone=lambda: True))

    assert isinstance(left.exception(PATIENCE_S), Cancelled)
    held.let_through()
    first.result(PATIENCE_S)
    assert held.batches == [[1]]


def test_a_service_that_stops_fails_what_is_not_done_after_the_round(held, callers, monkeypatch):
    monkeypatch.setattr("service.engine.flat_combining.LOOK_S", 0.01)
    shared = combiner(held, max_batch_tokens=1)
    bulk = callers.submit(shared.complete, job(1, 2))
    held.wait_for_batch()
    other = callers.submit(shared.complete, job(3))
    shared.stop()
    assert isinstance(other.exception(PATIENCE_S), NotReady)
    held.let_through()

    assert isinstance(bulk.exception(PATIENCE_S), NotReady)
    assert len(held.batches) == 1


def test_a_deadline_that_passes_in_line_is_told_and_costs_no_run():
    runs: list[object] = []
    late = job(1, deadline=time.monotonic() - 1)

    with pytest.raises(DeadlineExceeded):
        combiner(runs.append).complete(late)
    assert runs == []


def test_a_full_queue_is_told_with_the_time_that_it_will_take(held, callers):
    shared = combiner(held, max_queue_size=2)
    future = callers.submit(shared.complete, job(1))
    held.wait_for_batch()
    others = [callers.submit(shared.complete, job(number)) for number in (2, 3)]
    until(lambda: shared.num_waiting == 2)

    with pytest.raises(QueueFull) as refused:
        shared.complete(job(4))

    assert refused.value.retry_after_s
    held.let_through(3)
    for one in [future, *others]:
        one.result(PATIENCE_S)


def test_an_unforeseen_error_reaches_everyone_in_the_batch_and_the_next_caller_leads():
    def fail(batch):
        raise ZeroDivisionError

    shared = combiner(fail)
    with pytest.raises(EngineFailure):
        shared.complete(job(1))

    with pytest.raises(EngineFailure):
        shared.complete(job(2))


def test_a_window_gathers_company(callers):
    batches = []

    def run(batch):
        batches.append(len(batch))
        settle(batch)

    shared = combiner(run, max_wait_s=0.2)

    list(callers.map(shared.complete, [job(number) for number in range(4)]))

    assert batches == [4]


def test_a_storm_of_callers_gets_every_answer_once():
    shared = combiner(max_batch_tokens=7)

    def ask(number):
        one = job(*range(number % 5 + 1))
        shared.complete(one)
        return one.outputs == [[float(token)] for token in range(number % 5 + 1)]

    with ThreadPoolExecutor(32) as callers:
        assert all(callers.map(ask, range(2000)))
    assert shared.num_waiting == 0
