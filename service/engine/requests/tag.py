"""Tagging: what is asked and what is answered, whatever the labels."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from service.engine.types import Timing, never


@dataclass(frozen=True, slots=True)
class TagRequest:
    """Texts whose words are to be labelled.

    Args:
        texts: At least one text.
        model: `name`, `name:version` or `name:label`; None for the default tagger.
        deadline: `time.monotonic()` value after which `DeadlineExceeded` is raised.
        is_caller_gone: Tells whether nobody waits any more; asked between batches.
        version: The one to take of those that `model` may mean, where one was told already.
    """

    verb: ClassVar[str] = "tag"

    texts: tuple[str, ...]
    model: str | None = None
    deadline: float | None = None
    is_caller_gone: Callable[[], bool] = field(default=never, compare=False)
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """A word of the caller's text, its label and the label's probability."""

    start: int
    end: int
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class TagAnswer:
    """The words of each text in the order of the request's, and which version labelled them."""

    model: str
    version: int
    results: tuple[tuple[Tag, ...], ...]
    timing: Timing
