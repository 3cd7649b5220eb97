"""Shadow versions: get copies of requests, and their answers are compared, counted and dropped.

A copy waits until its original is answered, then in a short line of its own; what finds the line
full is skipped, so that a slow shadow costs callers nothing but the processor's time.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from service.engine.activity import ShadowTally
from service.engine.classifier import Classifier
from service.engine.continuous_batching import Generator
from service.engine.generation_handle import Generation
from service.engine.loading import LoadedModel
from service.engine.types import Classification, ClassifyRequest, GenerateRequest
from service.errors import ServiceError

logger = logging.getLogger(__name__)

MAX_WAITING = 64  # copies
MAX_TEXTS = 32  # of one request that are compared
PATIENCE_S = 60.0  # for one copy

Comparison = Callable[[], "Difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one copy: answers that were the same and not, and by how much in all."""

    same: int
    different: int
    distance: float = 0.0


class Shadows:
    """Asks shadow versions what others were asked, on a thread of its own."""

    def __init__(self) -> None:
        """Start with nothing to do; the first copy starts the thread."""
        self._waiting: deque[tuple[LoadedModel, Comparison]] = deque()
        self._has_work = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._tallies: dict[tuple[str, int], ShadowTally] = {}

    def tallies(self) -> list[ShadowTally]:
        """Return what was counted so far, by version."""
        return list(self._tallies.values())

    def offer_texts(
        self, model: LoadedModel, request: ClassifyRequest, results: Sequence[Classification]
    ) -> None:
        """Compare later what `model` answers to classified texts."""
        few = replace(request, texts=request.texts[:MAX_TEXTS], explain=None)
        self._offer(model, partial(compare_texts, model, few, results[:MAX_TEXTS]))

    def offer_generation(
        self, model: LoadedModel, request: GenerateRequest, generation: Generation
    ) -> None:
        """Compare what `model` writes to the same prompt and seed, once all has been written."""
        drawn = replace(request, sampling=replace(request.sampling, seed=generation.seeds[0]))
        later = partial(compare_generation, model, drawn, generation)
        generation.on_told = lambda: self._offer(model, later)

    def close(self) -> None:
        """Forget what waits; the thread ends after the copy that it is at."""
        with self._has_work:
            self._is_closing = True
            self._waiting.clear()
            self._has_work.notify()
        if self._thread is not None:
            self._thread.join(PATIENCE_S)

    def _offer(self, model: LoadedModel, comparison: Comparison) -> None:
        with self._has_work:
            if self._is_closing:
                return
            if len(self._waiting) >= MAX_WAITING:
                self._count(model, skipped=1)
                return
            self._waiting.append((model, comparison))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
                self._thread.start()
            self._has_work.notify()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            model, comparison = work
            try:
                found = comparison()
            except Exception as exc:  # whatever a shadow does, nobody else is to notice
                logger.warning("shadow %s:%d: %s", model.info.name, model.info.version, exc)
                self._count(model, failed=1)
                continue
            self._count(model, same=found.same, different=found.different, distance=found.distance)

    def _next(self) -> tuple[LoadedModel, Comparison] | None:
        with self._has_work:
            while not self._waiting and not self._is_closing:
                self._has_work.wait()
            return None if self._is_closing else self._waiting.popleft()

    def _count(self, model: LoadedModel, **more: float) -> None:
        name, version = model.info.name, model.info.version
        tally = self._tallies.setdefault((name, version), ShadowTally(name, version))
        changed = {field: getattr(tally, field) + value for field, value in more.items()}
        self._tallies[name, version] = replace(tally, **changed)


def compare_texts(
    model: LoadedModel, request: ClassifyRequest, results: Sequence[Classification]
) -> Difference:
    """Classify the texts with `model`; the distance is the change of the label's own score.

    Raises:
        ServiceError: If `model` fails, or does another task.
    """
    if not isinstance(model.worker, Classifier):
        raise ServiceError("it does another task than the default version")
    late = replace(request, deadline=time.monotonic() + PATIENCE_S)
    answers, _ = model.worker.classify(late)
    pairs = list(zip(results, answers, strict=True))
    same = sum(old.label == new.label for old, new in pairs)
    distance = sum(abs(old.score - _score(new, old.label, model)) for old, new in pairs)
    return Difference(same, len(pairs) - same, distance)


def compare_generation(
    model: LoadedModel, request: GenerateRequest, generation: Generation
) -> Difference:
    """Write with `model`; an answer is the same if every byte is.

    Raises:
        ServiceError: If `model` fails, or does another task.
    """
    if not isinstance(model.worker, Generator):
        raise ServiceError("it does another task than the default version")
    late = replace(request, deadline=time.monotonic() + PATIENCE_S)
    copy = model.worker.generate(late)
    if copy is None:
        raise ServiceError("it is served no longer")
    copy.result()
    pairs = zip(generation.written(), copy.written(), strict=True)
    same = sum(old == new for old, new in pairs)
    return Difference(same, generation.params.n - same)


def _score(answer: Classification, label: str, model: LoadedModel) -> float:
    """Return the probability that `model` gives to a label; 0 if it has no such label."""
    classes = model.info.classes
    return answer.probs[classes.index(label)] if label in classes else 0.0
