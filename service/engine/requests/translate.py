"""Translating: what is asked and what is answered, whatever the languages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from service.engine.requests.generate import FinishReason, Sampling
from service.engine.types import Timing, never

MAX_BEAMS = 16
"""Translations that may be followed at the same time."""


@dataclass(frozen=True, slots=True)
class TranslateRequest:
    """A text to translate word by word; the answer is a handle, as of one that is generated.

    Args:
        text: What is read.
        sampling: How to draw; temperature 0 takes the most probable token each time.
        model: `name`, `name:version` or `name:label`; None for the default translator.
        deadline: `time.monotonic()` value after which `DeadlineExceeded` is raised.
        version: The one to take of those that `model` may mean, where one was told already.
    """

    verb: ClassVar[str] = "translate"

    text: str
    sampling: Sampling = Sampling(temperature=0.0)
    model: str | None = None
    deadline: float | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Texts to translate as wholes: the best of several beams, or with the attention.

    Args:
        texts: At least one text.
        num_beams: Translations that are followed at the same time; 1 takes the most probable
            token each time.
        max_tokens: Tokens of a translation at most; None for the model's own limit.
        has_attention: Whether to tell what was attended to.
        model: `name`, `name:version` or `name:label`; None for the default translator.
        deadline: `time.monotonic()` value after which `DeadlineExceeded` is raised.
        is_caller_gone: Tells whether nobody waits any more; asked between batches.
        version: The one to take of those that `model` may mean, where one was told already.
    """

    verb: ClassVar[str] = "translate"

    texts: tuple[str, ...]
    num_beams: int = 4
    max_tokens: int | None = None
    has_attention: bool = False
    model: str | None = None
    deadline: float | None = None
    is_caller_gone: Callable[[], bool] = field(default=never, compare=False)
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text: offsets of its first character and after its last one."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Attention:
    """What was attended to.

    Args:
        source: The tokens of the caller's text.
        target: The tokens of the translation; an end token is an empty piece at its end.
        weights: For each token of the translation its weight on each of the text's; they add
            up to 1.
    """

    source: tuple[Span, ...]
    target: tuple[Span, ...]
    weights: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Translation:
    """The answer for one text.

    Args:
        text: The translation.
        score: Mean natural-log probability of its tokens, the end included.
        num_source_tokens: Tokens read.
        num_tokens: Tokens written, the end included.
        finish_reason: "stop" at the model's own end, "length" at `max_tokens`.
        attention: If it was asked for.
    """

    text: str
    score: float
    num_source_tokens: int
    num_tokens: int
    finish_reason: FinishReason
    attention: Attention | None = None


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """Translations in the order of the request's texts, and which version gave them."""

    model: str
    version: int
    results: tuple[Translation, ...]
    timing: Timing
