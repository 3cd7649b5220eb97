"""Continuous batching: one thread that writes all answers of one generator, a token a step.

A recurrent network's whole context is a state of fixed size, so an answer is a row of some
arrays: it joins when its prompt has been read and leaves when it ends, fails or is cancelled.
The thread sleeps while there is nothing to write. What a step does is in `running_batch`, who is
next in `scheduler`; here are the thread, the lock and the life of a request.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from model_store import DecoderConfig, Tokenizer
from service.engine.activity import Tally
from service.engine.flat_combining import too_late
from service.engine.generation_handle import Generation
from service.engine.options import EngineOptions
from service.engine.pausing import Turns
from service.engine.requests.generate import GenerateRequest
from service.engine.running_batch import (
    Context,
    GenerationPrompt,
    RunningBatch,
    never_drawn,
)
from service.engine.scheduler import Scheduler
from service.engine.stepping import StepGraph
from service.engine.worker import Difference, Offer, Worker
from service.errors import EngineFailure, NotReady, QueueFull, ServiceError

logger = logging.getLogger(__name__)

COPY_PATIENCE_S = 60.0  # for the copy of a request that a shadow answers


class Prompts(Protocol):
    """Makes prompts of the requests to one version: a task's own part."""

    def build(self, request: Any, on_change: Callable[[Generation], None], /) -> GenerationPrompt:
        """Check a request and encode what is read; raises `InvalidInput`."""

    def smallest(self, deadline: float, /) -> Any:
        """Return a request as small as can be."""


class Generator:
    """Takes requests for one version of one model and sees to it that each gets an end.

    One lock guards the line and what callers ask for; it is never held while the model runs.

    Args:
        prompts: Checks and encodes requests.
        writer: The running batch; the thread's alone.
        max_queue_size: Answers that may wait.
    """

    def __init__(self, prompts: Prompts, writer: RunningBatch, max_queue_size: int) -> None:
        """Start with nothing to do; the first request starts the thread."""
        self._prompts = prompts
        self._writer = writer
        self._scheduler: Scheduler[Generation, Context] = Scheduler(max_queue_size)
        self._has_work = threading.Condition(threading.Lock())
        self._open: dict[Generation, GenerationPrompt] = {}
        self._changed: list[Generation] = []
        self._next_deadline = math.inf
        self._is_closing = False
        self._is_aborting = False
        self._failure: str | None = None
        self._turns = Turns()
        self._thread: threading.Thread | None = None

    @property
    def failure(self) -> str | None:
        """Why the thread has died, or None."""
        return self._failure

    @property
    def num_waiting(self) -> int:
        """Answers in line."""
        return self._scheduler.num_waiting

    @property
    def num_running(self) -> int:
        """Answers being written."""
        return len(self._writer)

    @property
    def tally(self) -> Tally:
        """What its steps and the reading of its prompts added up to."""
        return self._writer.tally

    def generate(self, request: Any) -> Generation | None:
        """Put a request in line; return its handle, or None if this version takes no more.

        Raises:
            InvalidInput: If the model cannot take the request.
            QueueFull: If the line is full.
            NotReady: If the thread has died.
        """
        if not self._scheduler.has_room_for(request.sampling.n):
            raise self._queue_full()  # before the work that the prompt would be
        prompt = self._prompts.build(request, self.note_change)
        generation = prompt.owner
        with self._has_work:
            if self._failure is not None:
                raise NotReady(f"{self._failure}: try again")
            if self._is_closing:
                return None
            if not self._scheduler.has_room_for(prompt.num_answers):
                raise self._queue_full()
            self._scheduler.add(prompt)
            self._open[generation] = prompt
            self._next_deadline = min(self._next_deadline, generation.expires_at)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="generator", daemon=True)
                self._thread.start()
            self._has_work.notify()
        return generation

    def answer(self, request: Any) -> Generation | None:
        """Answer a request; see `generate` and `worker.Worker`."""
        return self.generate(request)

    def probe(self, deadline: float) -> None:
        """Write two tokens; errors as in `generate`, or of the model."""
        generation = self.generate(self._prompts.smallest(deadline))
        if generation is not None:
            generation.result()

    def compare(self, request: Any, answer: Generation, shadow: Worker, offer: Offer) -> None:
        """Offer to write the same with `shadow`, once all has been written; see `worker.Worker`.

        What goes on from a state is not copied: no other version can.
        """
        if answer.goes_on:
            return
        drawn = replace(request, sampling=replace(request.sampling, seed=answer.seeds[0]))
        if isinstance(drawn, GenerateRequest):
            drawn = replace(drawn, gates=None)
        answer.on_told = lambda: offer(partial(compare_generation, shadow, drawn, answer))

    def note_change(self, generation: Generation) -> None:
        """Take note that a caller cancelled or listens; the next step acts on it."""
        with self._has_work:
            if generation in self._open:
                self._changed.append(generation)

    def close(self, patience_s: float | None = None) -> None:
        """Take no more requests; the thread ends when what it has is done.

        Args:
            patience_s: Wait so long for that, then fail what is left; None does not wait.
        """
        with self._has_work:
            self._is_closing = True
            self._has_work.notify()
        if patience_s is not None and self._thread is not None:
            self._thread.join(patience_s)
            self._is_aborting = True
            self._thread.join()

    def _queue_full(self) -> QueueFull:
        self._turns.note_refusal()
        waiting, capacity = self.num_waiting, self.num_running + self._writer.num_free
        retry_after_s = (self._writer.mean_answer_s or 1.0) * waiting / capacity
        return QueueFull(
            f"{waiting} answers are waiting already: try again in {retry_after_s:.1f} s",
            retry_after_s=retry_after_s,
        )

    # The thread.

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                self._step()
                self._turns.next()
        except BaseException as exc:
            logger.exception("the thread that generates has died")
            with self._has_work:
                self._failure = f"the thread that generates has died: {type(exc).__name__}"
                for generation in self._open:
                    generation.fail(EngineFailure("the engine failed: try again"))

    def _wait_for_work(self) -> bool:
        """Sleep until there is something to do; return False when there never will be."""
        if self._open:
            return True
        with self._has_work:
            while not self._open and not self._is_closing:
                self._has_work.wait()
            return bool(self._open)

    def _step(self) -> None:
        """Read a piece of waiting prompts, then write one token of every row."""
        if self._changed or self._is_aborting or time.monotonic() >= self._next_deadline:
            self._close_over(self._take_changes())
        admitted = self._admit() if self._scheduler.num_waiting and self._writer.num_free else []
        self._close_over(self._writer.write(admitted))

    def _admit(self) -> list[tuple[GenerationPrompt, int]]:
        """Read a piece of the first prompts in line; return the answers that can begin."""
        with self._has_work:
            prompts = self._scheduler.next_prefill(self._writer.num_free)
        contexts = self._writer.read(prompts) if prompts else []
        with self._has_work:
            for prompt, context in zip(prompts, contexts, strict=True):
                self._scheduler.advance(prompt, context)
        self._close_over([prompt.owner for prompt in prompts if prompt.owner.is_over])
        with self._has_work:
            return self._scheduler.admit(self._writer.num_free)

    def _take_changes(self) -> list[Generation]:
        """Act on what callers asked for; return the requests that are over."""
        with self._has_work:
            changed, self._changed = self._changed, []
            over = [generation for generation in changed if generation.is_cancelled]
            for generation in changed:
                self._writer.listen(generation)
            now = time.monotonic()
            if self._is_aborting or now >= self._next_deadline:
                over += self._give_up(now)
            return over

    def _give_up(self, now: float) -> list[Generation]:
        """Fail the requests that are too late, or all if the service stops; return them."""
        if self._is_aborting:
            for generation in self._open:
                generation.fail(NotReady("the service is stopping: try again"))
            return list(self._open)
        late = [generation for generation in self._open if generation.expires_at <= now]
        for generation in late:
            generation.fail(too_late())
        in_time = (one.expires_at for one in self._open if one.expires_at > now)
        self._next_deadline = min(in_time, default=math.inf)
        return late

    def _close_over(self, over: Sequence[Generation]) -> None:
        """Forget requests that are over, wherever they are."""
        if not over:
            return
        with self._has_work:
            for generation in over:
                if prompt := self._open.pop(generation, None):
                    self._scheduler.discard(prompt)
        self._writer.drop_over()


def make_generator(
    prompts: Prompts,
    graph: StepGraph,
    config: DecoderConfig,
    *,
    tokenizer: Tokenizer,
    options: EngineOptions,
) -> Generator:
    """Put a generator together from a model's own parts."""
    batch = RunningBatch(
        graph,
        config,
        token_bytes=tokenizer.token_bytes,
        banned=never_drawn(tokenizer, config.eos_id),
        options=options,
    )
    return Generator(prompts, batch, options.max_queue_size)


def compare_generation(shadow: Worker, request: Any, generation: Generation) -> Difference:
    """Write with `shadow`; an answer is the same if every byte is.

    Raises:
        ServiceError: If `shadow` fails, or does another task.
    """
    if not isinstance(shadow, Generator):
        raise ServiceError("it does another task than the default version")
    copy = shadow.generate(replace(request, deadline=time.monotonic() + COPY_PATIENCE_S))
    if copy is None:
        raise ServiceError("it is served no longer")
    copy.result()
    pairs = zip(generation.written(), copy.written(), strict=True)
    same = sum(old == new for old, new in pairs)
    return Difference(same, generation.params.n - same)
