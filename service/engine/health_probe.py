"""Whether models still answer: a small question to each, the way that every request goes.

A model that is busy proves itself by what it does well; an idle, a stuck or a failing one is asked.
Whoever holds a `Proof` calls `renew` every few seconds.
"""

import time
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from service.engine.loading import LoadedModel
from service.errors import ServiceError

PATIENCE_S = 5.0
"""Seconds in which a model must answer."""

DEAD_AFTER_S = 30.0
"""Seconds without an answer after which a model will not be waited for any longer."""


class HealthProbe:
    """Remembers which models answered lately."""

    def __init__(self) -> None:
        """Hold every model for sound until it is asked."""
        self._num_sound: WeakKeyDictionary[LoadedModel, int] = WeakKeyDictionary()
        self._failing_since: WeakKeyDictionary[LoadedModel, tuple[float, str]] = WeakKeyDictionary()

    def renew(self, models: Sequence[LoadedModel]) -> None:
        """Ask each model that has done nothing well since the last time; never raises."""
        for model in models:
            before, done = self._num_sound.get(model), model.worker.tally.num_sound
            if before is None or done == before:
                self._ask(model)
            else:
                self._failing_since.pop(model, None)
            self._num_sound[model] = model.worker.tally.num_sound
        for model in set(self._failing_since) - set(models):
            del self._failing_since[model]

    @property
    def problem(self) -> str | None:
        """Which model does not answer and why, or None."""
        for model, (since, reason) in list(self._failing_since.items()):
            silent_s = time.monotonic() - since
            name = f"{model.info.name}:{model.info.version}"
            return f"{name} has not answered for {silent_s:.0f} s: {reason}"
        return None

    @property
    def is_dead(self) -> bool:
        """Whether a model has been silent for so long that it will not answer any more."""
        now = time.monotonic()
        since = [since for since, _ in list(self._failing_since.values())]
        return any(now - one > DEAD_AFTER_S for one in since)

    def _ask(self, model: LoadedModel) -> None:
        asked = time.monotonic()
        try:
            model.worker.probe(asked + PATIENCE_S)
        except ServiceError as exc:
            self._failing_since.setdefault(model, (asked, exc.message))
        except Exception as exc:
            self._failing_since.setdefault(model, (asked, f"it fails: {type(exc).__name__}"))
        else:
            self._failing_since.pop(model, None)
