"""Flat combining: the caller that finds the model free works for itself and for all who wait.

Handing a request to another thread and back costs more than a small model does; so there is no
thread. See Hendler, Incze, Shavit and Tzafrir 2010, "Flat combining and the synchronization-
parallelism tradeoff". Knows nothing of models: a callback runs a batch.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from service.engine.activity import Tally
from service.engine.batcher import Batcher, Item, Job
from service.engine.pausing import Stretches, let_join
from service.errors import (
    Cancelled,
    DeadlineExceeded,
    EngineFailure,
    NotReady,
    QueueFull,
    ServiceError,
)

logger = logging.getLogger(__name__)

RunBatch = Callable[[Sequence[Item[Any]]], None]
"""Settles every item, or sets its job's error; raises only what is no fault of the input."""

LOOK_S = 1.0  # how often a job that waits long is looked at: does anybody want it?
SMOOTHING = 0.2  # weight of the newest round in the measured throughput


class FlatCombiner:
    """Runs the jobs of one model, each by the thread that brought it or by another's.

    One lock guards the line and the leader's role; it is never held while the model runs.

    Args:
        batcher: The line.
        run_batch: Runs one batch.
        noun: What an input is called in messages.
        stretches: Puts the rounds of jobs with many texts in turn.
    """

    def __init__(
        self, batcher: Batcher, run_batch: RunBatch, stretches: Stretches, *, noun: str = "input"
    ) -> None:
        """Start with no leader."""
        self._noun = noun
        self._stretches = stretches
        self._batcher = batcher
        self._run_batch = run_batch
        self._lock = threading.Lock()
        self._has_leader = False
        self._is_stopping = False
        self._waiters: dict[Job[Any], threading.Event] = {}
        self._sequences_per_s = 0.0
        self.tally = Tally()

    @property
    def num_waiting(self) -> int:
        """Sequences in line."""
        return self._batcher.num_waiting

    def check_room(self, num_sequences: int) -> None:
        """Refuse a job before the work that it would be to make it.

        Raises:
            QueueFull: If the line has no room for so many sequences.
        """
        if not self._batcher.has_room(num_sequences):
            raise self._queue_full()

    def stop(self) -> None:
        """Fail the jobs that are not done, each after the round that runs."""
        self._is_stopping = True

    def complete(self, job: Job[Any]) -> None:
        """Return when the job has its answers.

        Raises:
            QueueFull: If the line is full.
            DeadlineExceeded: If the job's deadline passed first.
            Cancelled: If its caller left.
            NotReady: If the service stops.
            ServiceError: What the job failed with.
        """
        with self._lock:
            if not self._batcher.has_room_for(job):
                raise self._queue_full()
            self._batcher.add(job)
        try:
            let_join()  # so that one batch serves all who are here
            while not job.is_done:
                if self._lead_once(job):
                    self._check_wanted(job)
                else:
                    self._wait(job)
        finally:
            if not job.is_done:
                self._withdraw(job)
        if job.error is not None:
            raise job.error

    def _lead_once(self, job: Job[Any]) -> bool:
        """Run a round if nobody else does; many texts let others go first, who may then lead."""
        if len(job.inputs) == 1:
            return self._try_lead(job) and self._lead()
        with self._stretches.next():
            return self._try_lead(job) and self._lead()

    def _try_lead(self, job: Job[Any]) -> bool:
        with self._lock:
            if job.is_done:
                return False
            if not self._has_leader:
                self._has_leader = True
                self._waiters.pop(job, None)
                return True
            if job not in self._waiters:
                self._waiters[job] = threading.Event()
            return False

    def _lead(self) -> bool:
        """Run a round, then hand the role on."""
        try:
            if gather_s := self._batcher.opens_in(time.monotonic()):
                time.sleep(gather_s)
            self._run_round()
            return True
        finally:
            with self._lock:
                self._has_leader = False
                self._wake_successor()

    def _wait(self, job: Job[Any]) -> None:
        """Wait until the job is done or may lead."""
        waiter = self._waiters.get(job)
        if waiter is None:  # it was finished meanwhile
            return
        left_s = math.inf if job.deadline is None else max(0.0, job.deadline - time.monotonic())
        if waiter.wait(min(left_s, LOOK_S)):
            waiter.clear()
        elif not job.is_done:
            if left_s <= LOOK_S:
                raise too_late()
            self._check_wanted(job)

    def _check_wanted(self, job: Job[Any]) -> None:
        """Give a job up that nobody needs."""
        if job.is_done:
            return
        if self._is_stopping:
            raise NotReady("the service is stopping: try again")
        if job.is_caller_gone():
            raise caller_left()

    def _withdraw(self, job: Job[Any]) -> None:
        """Take out a job whose caller leaves; if it was called to lead, the next one is."""
        with self._lock:
            self._batcher.discard(job)
            self._waiters.pop(job, None)
            job.error = job.error or too_late()
            if not self._has_leader:
                self._wake_successor()

    def _wake_successor(self) -> None:
        for job in self._batcher.waiting():
            if (waiter := self._waiters.get(job)) is not None:
                waiter.set()
                return

    def _run_round(self) -> None:
        started = time.monotonic()
        with self._lock:
            batches, late = self._batcher.next_round(started)
        for job in late:
            job.error = too_late()
        jobs = {item.job: None for batch in batches for item in batch}
        try:
            for batch in batches:
                self._run_timed(batch)
        except BaseException as exc:
            for job in jobs:  # they are out of line: nobody else would answer them
                if not job.is_done:
                    job.error = EngineFailure("the model failed: try again")
            if not isinstance(exc, Exception):
                raise
            logger.exception("a round of batches failed")
        finally:
            self._notify([*late, *jobs])
        self._measure(sum(map(len, batches)), time.monotonic() - started)

    def _run_timed(self, batch: Sequence[Item[Any]]) -> None:
        started = time.monotonic()
        jobs = {item.job: None for item in batch}
        for job in jobs:
            if job.started is None:
                job.started = started
        self._run_batch(batch)
        elapsed_s = time.monotonic() - started
        self.tally.add([len(item.input) for item in batch], elapsed_s)
        for job in jobs:
            self.tally.num_sound += job.error is None
            job.compute_s += elapsed_s
            job.batch_size = max(job.batch_size, len(batch))

    def _notify(self, jobs: Sequence[Job[Any]]) -> None:
        """Wake the callers whose jobs are done."""
        with self._lock:
            for job in jobs:
                if job.is_done:
                    self._batcher.discard(job)  # what is left of one that failed
                    waiter = self._waiters.pop(job, None)
                    if waiter is not None:
                        waiter.set()

    def _measure(self, num_sequences: int, elapsed_s: float) -> None:
        rate = num_sequences / max(elapsed_s, 1e-6)
        weight = SMOOTHING if self._sequences_per_s else 1.0
        self._sequences_per_s += weight * (rate - self._sequences_per_s)

    def _queue_full(self) -> ServiceError:
        waiting = self._batcher.num_waiting
        retry_after_s = waiting / self._sequences_per_s if self._sequences_per_s else 1.0
        return QueueFull(
            f"{waiting} {self._noun}s are waiting already: try again in {retry_after_s:.1f} s",
            retry_after_s=retry_after_s,
        )


def caller_left() -> Cancelled:
    """Return the error of a request that nobody waits for."""
    return Cancelled("the client closed its connection")


def too_late() -> DeadlineExceeded:
    """Return the error of a request whose time limit passed."""
    return DeadlineExceeded(
        "the time limit passed before the answer was there: send fewer or shorter texts, ask for "
        "fewer tokens, or try again later"
    )
