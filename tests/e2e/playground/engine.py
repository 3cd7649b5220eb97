"""An engine for the browser tests: `FakeEngine`, with topics, a pace, and models like real ones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

from service.engine.requests.classify import ClassifyAnswer, ClassifyRequest
from service.engine.requests.generate import Delta, GenerateRequest
from service.engine.types import ModelStatus
from service.errors import InvalidInput
from tests.e2e.playground.other_tasks import (
    OTHER_STATUSES,
    caption,
    classify_drawings,
    second_of,
    tag,
    translate,
)
from tests.fake_generation import FakeGeneration
from tests.fakes import SAMPLING as FAKE_SAMPLING
from tests.fakes import STATUSES, FakeEngine

TOPICS = ("world", "sports", "business")
TOPIC_STATUS = ModelStatus(
    name="topics",
    version=1,
    task="text-classification",
    state="ready",
    is_default=True,
    created=1_700_000_500,
    classes=TOPICS,
)
NAMES = tuple(FAKE_SAMPLING)
SAMPLING = {
    "shakespeare": dict(zip(NAMES, (8, 0.8, 40, 0.95, 0.02, 1.1, ("\n\n",)), strict=True)),
    "names": dict(zip(NAMES, (8, 1.0, 0, 1.0, 0.0, 1.0, ()), strict=True)),
}
REFUSED = "unreadable"
PACE_S = 0.001


class PlaygroundEngine(FakeEngine):
    """Adds to `FakeEngine` what the page can meet.

    The model "topics" has three classes: "sports" wins wherever "positive" would. A text with the
    word "unreadable" is refused. A generation takes a millisecond for each token, so that it can be
    stopped on its way; `tokens_a_piece` of them come at once, as from a busy service. Models of
    the other tasks are those of `other_tasks`; `hidden_tasks`, `hidden_models` and
    `hidden_versions` take some away, `second_models` adds versions of some.
    """

    tokens_a_piece: int = 1
    second_models: bool = False
    hidden_tasks: frozenset[str] = frozenset()
    hidden_models: frozenset[str] = frozenset()
    hidden_versions: frozenset[tuple[str, int]] = frozenset()

    def models(self) -> list[ModelStatus]:
        statuses = [*STATUSES, TOPIC_STATUS, *OTHER_STATUSES]
        if self.second_models:
            doubled = [one for one in statuses if one.name in ("shakespeare", "pos", "en-fr")]
            statuses += [replace(one, version=2, is_default=False) for one in doubled]
        statuses = [status for status in statuses if status.task not in self.hidden_tasks]
        statuses = [status for status in statuses if status.name not in self.hidden_models]
        statuses = [one for one in statuses if (one.name, one.version) not in self.hidden_versions]
        return [replace(status, sampling=SAMPLING.get(status.name)) for status in statuses]

    def answer(self, request: Any, /) -> Any:
        others: dict[str, Callable[[Any], Any]] = {"translate": translate, "tag": tag}
        if request.verb not in others:
            return super().answer(request)
        self._admit(request)
        answer = others[request.verb](request)
        return second_of(answer) if str(request.model).endswith(":2") else answer

    def classify(self, request: ClassifyRequest) -> ClassifyAnswer:
        if request.numbers:
            self._admit(request)
            return classify_drawings(request)
        for index, text in enumerate(request.texts):
            if REFUSED in text:
                raise InvalidInput(f"`input[{index}]` cannot be read", param=f"input[{index}]")
        if request.model != "topics":
            return super().classify(request)
        answer = super().classify(replace(request, model="sentiment"))
        return replace(answer, model="topics", results=tuple(map(_as_topic, answer.results)))

    def generate(self, request: GenerateRequest) -> FakeGeneration:
        if request.numbers:
            self._admit(request)
            return caption(request, self)
        if self.second_models and request.model == "shakespeare:2":
            request = replace(request, model="shakespeare")
        generation = super().generate(request)
        paced = PacedGeneration(generation.status, generation.request, self)
        self.generations[-1] = paced
        return paced


@dataclass
class PacedGeneration(FakeGeneration):
    """A generation that takes its time; `ended` is set once its request is over."""

    engine: PlaygroundEngine
    ended: Event = field(default_factory=Event, init=False)

    def events(self, heartbeat_s: float) -> Iterator[Delta | None]:
        pace = Event()
        held: list[Delta] = []
        for delta in super().events(heartbeat_s):
            pace.wait(PACE_S)
            if delta is None:
                yield None
                continue
            held.append(delta)
            if len(held) == self.engine.tokens_a_piece or delta.finish_reason is not None:
                yield _joined(held)
                held = []

    def cancel(self) -> None:
        super().cancel()
        self.ended.set()


def _joined(deltas: list[Delta]) -> Delta:
    """Make one piece of some that follow each other."""
    return replace(
        deltas[-1],
        text="".join(delta.text for delta in deltas),
        num_tokens=sum(delta.num_tokens for delta in deltas),
        logprobs=tuple(token for delta in deltas for token in delta.logprobs),
    )


def _as_topic(result):
    pieces = tuple(
        replace(piece, probs=_topic_probs(piece.probs)) for piece in result.explanation or ()
    )
    return replace(
        result,
        label="sports" if result.label == "positive" else "world",
        probs=_topic_probs(result.probs),
        score=max(_topic_probs(result.probs)),
        explanation=pieces or None,
        initial_probs=result.initial_probs and _topic_probs(result.initial_probs),
    )


def _topic_probs(probs: tuple[float, ...]) -> tuple[float, ...]:
    negative, positive = probs
    return (negative * 0.75, positive, negative * 0.25)
