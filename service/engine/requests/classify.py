"""Classifying: what is asked and what is answered, whatever is classified."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from service.engine.requests.gates import Gates, GatesAsk
from service.engine.types import Timing, never

Explain = Literal["trajectory", "occlusion", "gates"]


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """Texts or numbers to classify.

    Args:
        texts: At least one text, or none where there are numbers; a text may be the token ids of
            the model's own vocabulary.
        model: `name`, `name:version` or `name:label`; None for the default classifier.
        explain: "trajectory" for the probabilities after each token, "occlusion" for the change
            when each word is left out, "gates" for the inside of the network, None for none.
        deadline: `time.monotonic()` value after which `DeadlineExceeded` is raised.
        is_caller_gone: Tells whether nobody waits any more; asked between batches.
        version: The one to take of those that `model` may mean, where one was told already.
        numbers: Inputs as nested lists, each of the shape that the model takes.
        max_text_tokens: Read at most so many tokens of a text; None for as many as the model reads.
        truncation: Keep the first tokens ("head") or the last ("tail") of a text that has more;
            None for what the model does.
        states: For each text what an earlier answer gave to go on from, None for one that begins;
            empty if none goes on. A text that goes on may be empty.
        returns_state: Whether each answer is to have the state at its text's end.
        gates: What of the inside is to be told, with `explain` "gates".
    """

    verb: ClassVar[str] = "classify"

    texts: tuple[str | tuple[int, ...], ...]
    model: str | None = None
    explain: Explain | None = None
    deadline: float | None = None
    is_caller_gone: Callable[[], bool] = field(default=never, compare=False)
    version: int | None = None
    numbers: tuple[Any, ...] = field(default=(), compare=False)
    max_text_tokens: int | None = None
    truncation: Literal["head", "tail"] | None = None
    states: tuple[str | None, ...] = field(default=(), repr=False)
    returns_state: bool = False
    gates: GatesAsk = GatesAsk()

    @property
    def is_in_parts(self) -> bool:
        """Whether texts go on from others, or are to be gone on from."""
        return bool(self.states) or self.returns_state


@dataclass(frozen=True, slots=True)
class TokenScore:
    """One piece of the caller's text and what it does to the answer.

    Args:
        start: Offset of its first character in the caller's text.
        end: Offset after its last character.
        probs: "trajectory": class probabilities after reading up to and with this token.
            "occlusion": probabilities of the whole text minus those without this word.
    """

    start: int
    end: int
    probs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Classification:
    """The answer for one text; `probs` in label order, `score` the label's own probability.

    `state`, if it was asked for, is what a request with the text's next part can go on from;
    `gates`, if that was, the inside of the network. `initial_probs` belongs to an explanation by
    "trajectory": the answer before the first token.
    """

    label: str
    score: float
    probs: tuple[float, ...]
    num_tokens: int
    truncated: bool
    explanation: tuple[TokenScore, ...] | None = None
    initial_probs: tuple[float, ...] | None = None
    state: str | None = None
    gates: Gates | None = None


@dataclass(frozen=True, slots=True)
class ClassifyAnswer:
    """Answers in the order of the request's texts, and which version gave them."""

    model: str
    version: int
    results: tuple[Classification, ...]
    timing: Timing
