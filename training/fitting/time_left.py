"""How long a training still takes, told as people tell it."""

import math
import time
from collections.abc import Callable
from typing import Protocol


class Steps(Protocol):
    """What a trainer tells of its steps."""

    @property
    def global_step(self) -> int:
        """Steps made, those before a resume too."""

    @property
    def num_training_batches(self) -> float:
        """Steps of an epoch."""

    @property
    def max_epochs(self) -> int | None:
        """Epochs to make."""


class Clock:
    """Foresees the end from the steps made since it was started; a resumed run starts it anew.

    Args:
        now: Returns the time in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Start when the training does, see `start`."""
        self._now, self._started, self._first_step = now, now(), 0

    def start(self, trainer: Steps) -> None:
        """Begin to count."""
        self._started, self._first_step = self._now(), trainer.global_step

    def left(self, trainer: Steps, *, at_most_s: float | None = None) -> str:
        """Return what is left at the speed so far, such as "about 4 minutes left".

        Args:
            trainer: What is trained.
            at_most_s: Seconds that it may still take, None for as many as it takes.
        """
        done = trainer.global_step - self._first_step
        all_steps = int(trainer.num_training_batches) * int(trainer.max_epochs or 1)
        if done < 1:
            return "time left unknown"
        elapsed = self._now() - self._started
        seconds = elapsed / done * max(0, all_steps - trainer.global_step)
        return f"{spoken(seconds if at_most_s is None else min(seconds, at_most_s))} left"


def spoken(seconds: float) -> str:
    """Return a time as people tell it: "under a minute", "about 4 minutes", "about 2.5 hours"."""
    minutes = seconds / 60
    if minutes < 1:
        return "under a minute"
    if minutes < 90:
        count = math.ceil(minutes)
        return f"about {count} minute{'s' if count > 1 else ''}"
    hours = round(2 * minutes / 60) / 2
    return f"about {hours:g} hours"
