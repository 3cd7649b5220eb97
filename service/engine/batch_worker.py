"""Runs whole inputs of one version in batches; a task says how a batch is run.

For tasks whose answer is there after one run of the graph: a text, a sentence, a row of numbers in,
all of its outputs out. What becomes of a request before and after is the task's own.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic

from service.engine.activity import Tally
from service.engine.batcher import Batcher, Input, Item, Job
from service.engine.flat_combining import FlatCombiner
from service.engine.isolation import outputs_of_each
from service.engine.options import EngineOptions
from service.engine.pausing import Stretches
from service.engine.types import Timing, never
from service.errors import EngineFailure


class BatchWorker(ABC, Generic[Input]):
    """The line, the batches and the figures of one version; see `worker.Worker`.

    Args:
        options: Limits.
    """

    noun = "input"
    """What one of its inputs is called in messages."""

    def __init__(self, options: EngineOptions) -> None:
        """Start with nothing waiting."""
        batcher = Batcher(
            options.max_batch_tokens,
            options.max_queue_size,
            max_wait_s=options.max_wait_ms / 1000,
        )
        self._stretches = Stretches()
        self._combiner = FlatCombiner(batcher, self._run_batch, self._stretches, noun=self.noun)

    @abstractmethod
    def outputs(self, inputs: Sequence[Input]) -> Sequence[Any]:
        """Run inputs together; return an output each, None for one that cannot be used."""

    @property
    def failure(self) -> None:
        """Always None: it has no thread that could die."""
        return None

    @property
    def num_waiting(self) -> int:
        """Inputs in line."""
        return self._combiner.num_waiting

    @property
    def num_running(self) -> int:
        """Always 0: batches are over in milliseconds."""
        return 0

    @property
    def tally(self) -> Tally:
        """What its batches added up to."""
        return self._combiner.tally

    def check_room(self, num_inputs: int) -> None:
        """Refuse a request before the work that its inputs would be; raises `QueueFull`."""
        self._combiner.check_room(num_inputs)

    def run(
        self,
        inputs: Sequence[Input],
        deadline: float | None,
        is_caller_gone: Callable[[], bool] = never,
    ) -> Job[Input]:
        """Run inputs beside those of others, waiting for their outputs.

        Raises:
            QueueFull: If too much is waiting.
            DeadlineExceeded: If the deadline passed first.
            Cancelled: If the caller left.
            NotReady: If the service stops.
            EngineFailure: If the model failed on one of them.
        """
        job = Job(inputs, time.monotonic(), deadline, is_caller_gone)
        self._combiner.complete(job)
        return job

    def close(self, patience_s: float | None = None) -> None:
        """Let what runs be answered; with a patience, which only its callers need, fail it."""
        if patience_s is not None:
            self._combiner.stop()

    def _run_batch(self, batch: Sequence[Item[Input]]) -> None:
        """Settle each item; an item that the model fails on fails its job."""
        outputs = outputs_of_each(self.outputs, [item.input for item in batch])
        for item, output in zip(batch, outputs, strict=True):
            if output is not None:
                item.job.settle(item.index, output)
            else:
                item.job.error = EngineFailure(
                    f"the model failed on {self.noun} {item.index}; other requests are not touched"
                )


def timing_of(job: Job[Any]) -> Timing:
    """Return where a finished job's time went."""
    started = job.submitted if job.started is None else job.started
    return Timing(started - job.submitted, job.compute_s, job.batch_size)
