"""Fakes of the service's own borders, for tests of the layer above them."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from service.engine.requests.classify import (
    Classification,
    ClassifyAnswer,
    ClassifyRequest,
    TokenScore,
)
from service.engine.requests.generate import GenerateRequest
from service.engine.types import Card, Health, ModelInfo, ModelStatus, Picture, Timing
from service.errors import DeadlineExceeded, InvalidInput, ModelNotFound, NotReady, WrongTask
from tests.fake_cards import fake_card, fake_picture
from tests.fake_gates import read_gates
from tests.fake_generation import FakeGeneration
from tests.fake_vocabulary import FakeVocabulary

CLASSES = ("negative", "positive")
GOOD_WORDS = {"good", "great", "fine", "tender", "funny"}
BAD_WORDS = {"bad", "awful", "dull"}
MAX_WORDS = 50

VERBS = {"text-classification": "classify", "text-generation": "generate"}
SAMPLING = {
    "max_tokens": 8,
    "temperature": 1.0,
    "top_k": 0,
    "top_p": 1.0,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "stop": (),
}

STATUSES = (
    ModelStatus(
        name="sentiment",
        version=1,
        task="text-classification",
        state="ready",
        is_default=False,
        created=1_700_000_000,
        classes=CLASSES,
    ),
    ModelStatus(
        name="sentiment",
        version=2,
        task="text-classification",
        state="ready",
        is_default=True,
        labels=("stable",),
        created=1_700_000_100,
        classes=CLASSES,
        metrics=(("test_accuracy", 0.9),),
    ),
    ModelStatus(
        name="sentiment",
        version=3,
        task="text-classification",
        state="refused",
        is_default=False,
        created=1_700_000_200,
        reason="golden.json: answers differ",
    ),
    ModelStatus(
        name="shakespeare",
        version=1,
        task="text-generation",
        state="ready",
        is_default=True,
        created=1_700_000_300,
    ),
    ModelStatus(
        name="names",
        version=1,
        task="text-generation",
        state="ready",
        is_default=True,
        created=1_700_000_400,
        prompts=("Italian", "Polish"),
    ),
)


class FakeEngine:
    """An engine whose answers can be worked out by hand, without models or threads.

    A text's probability of "positive" is (1 + good words) / (2 + good and bad words). A generator
    repeats its prompt's characters, moved by the seed, one at a time.

    Files of cards named in `damaged` cannot be read.

    Args:
        fails_with: Raised by every request.
        fails_midway: Raised by every generation after its second piece.
        is_slow: Whether generations report nothing (only heartbeats) before each piece, and are
            not done when they are first waited for.
        pause_s: Seconds that generations take for each piece.
        dies_of: Text that, once it was classified, leaves the engine dead.
    """

    damaged: frozenset[str] = frozenset()

    def __init__(
        self,
        *,
        fails_with: Exception | None = None,
        fails_midway: Exception | None = None,
        is_slow: bool = False,
        pause_s: float = 0.0,
        dies_of: str | None = None,
    ) -> None:
        self.fails_with = fails_with
        self.fails_midway = fails_midway
        self.is_slow = is_slow
        self.pause_s = pause_s
        self.dies_of = dies_of
        self.is_draining = False
        self.is_closed = False
        self.is_alive = True
        self.requests: list[ClassifyRequest | GenerateRequest] = []
        self.generations: list[FakeGeneration] = []

    def start(self) -> None:
        """Be ready."""

    def answer(self, request: Any, /) -> Any:
        return self.generate(request) if request.verb == "generate" else self.classify(request)

    def classify(self, request: ClassifyRequest) -> ClassifyAnswer:
        self._admit(request)
        status = self._find(_exactly(request, "sentiment"), "classify")
        states = request.states or (None,) * len(request.texts)
        results = tuple(
            _answer(text, before, request)
            for text, before in zip(request.texts, states, strict=True)
        )
        timing = Timing(queue_s=0.001, compute_s=0.002, batch_size=len(results))
        self.is_alive = self.is_alive and self.dies_of not in request.texts
        return ClassifyAnswer(status.name, status.version, results, timing)

    def generate(self, request: GenerateRequest) -> FakeGeneration:
        self._admit(request)
        status = self._find(_exactly(request, "shakespeare"), "generate")
        if status.prompts and request.prompt not in status.prompts:
            raise InvalidInput(
                f"`prompt` must be one of {', '.join(status.prompts)}", param="prompt"
            )
        generation = FakeGeneration(status, request, self)
        self.generations.append(generation)
        return generation

    def models(self) -> list[ModelStatus]:
        return list(STATUSES)

    def card(self, name: str, version: int | None) -> Card:
        return fake_card(self.models(), name, version, damaged=self.damaged)

    def picture(self, name: str, version: int | None, filename: str) -> Picture:
        return fake_picture(self.card(name, version), filename, damaged=self.damaged)

    def resolve(self, model, verb) -> ModelInfo:
        defaults = {"classify": "sentiment", "generate": "shakespeare"}
        status = self._find(model or defaults[verb], verb)
        is_classifier = status.task == "text-classification"
        return ModelInfo(
            status.name,
            status.version,
            status.task,
            VERBS[status.task],
            status.created,
            vocab_size=256,
            classes=status.classes,
            max_seq_len=MAX_WORDS if is_classifier else 0,
            can_trace=is_classifier,
            max_prompt_tokens=0 if is_classifier else 5_000,
            max_tokens=0 if is_classifier else 100,
            prompts=status.prompts,
            sampling=None if is_classifier else {**SAMPLING},
        )

    def vocabulary(self, model, verb) -> FakeVocabulary:
        info = self.resolve(model, verb if model is None else None)
        if info.name == "names":
            raise WrongTask("`names` has no tokens", param="model")
        return FakeVocabulary(info)

    def health(self) -> Health:
        if self.is_draining:
            return Health(is_ready=False, reason="the worker is draining")
        if not self.is_alive:
            return Health(is_ready=False, reason="the engine died", is_alive=False)
        return Health(is_ready=True, reason="")

    def drain(self) -> None:
        self.is_draining = True

    def close(self, patience_s: float = 5.0) -> None:
        self.is_draining = self.is_closed = True

    def _admit(self, request: ClassifyRequest | GenerateRequest) -> None:
        self.requests.append(request)
        if self.fails_with is not None:
            raise self.fails_with
        if self.is_draining:
            raise NotReady("the worker is draining; try again", retry_after_s=1)
        if request.deadline is not None and request.deadline <= time.monotonic():
            raise DeadlineExceeded("the request took too long")

    def _find(self, wanted: str, verb: str | None) -> ModelStatus:
        name, _, version = wanted.partition(":")
        for status in STATUSES:
            is_meant = status.is_default if not version else version in _labels(status)
            if status.name == name and status.state == "ready" and is_meant:
                if verb not in (None, VERBS[status.task]):
                    raise WrongTask(f"`{name}` does {status.task}, not {verb}", param="model")
                return status
        raise ModelNotFound(f"there is no model `{wanted[:100]}`", param="model")


def _exactly(request: ClassifyRequest | GenerateRequest, default: str) -> str:
    model = request.model or default
    return model if request.version is None else f"{model.partition(':')[0]}:{request.version}"


def _labels(status: ModelStatus) -> tuple[str, ...]:
    return (str(status.version), *status.labels)


def _answer(
    text: str | tuple[int, ...], before: str | None, request: ClassifyRequest
) -> Classification:
    """All text so far is the state; token ids are words."""
    written = text if isinstance(text, str) else " ".join(map(str, text))
    so_far = " ".join(filter(None, (before, written)))
    state = so_far if request.returns_state else None
    if request.explain == "gates":
        result = _classify(so_far, None, request.max_text_tokens)
        gates = read_gates(request.gates, so_far, CLASSES.index(result.label))
        return replace(result, state=state, gates=gates)
    result = _classify(so_far, request.explain, request.max_text_tokens)
    return replace(result, state=state)


def _classify(text: str, explain: str | None, most: int | None = None) -> Classification:
    words = text.split()
    most = min(most or MAX_WORDS, MAX_WORDS)
    probs = _probs(words)
    column = probs.index(max(probs))
    make: dict[str, Callable[[int], tuple[float, ...]]] = {
        "trajectory": lambda place: _probs(words[: place + 1]),
        "occlusion": lambda place: tuple(
            whole - without
            for whole, without in zip(
                probs, _probs(words[:place] + words[place + 1 :]), strict=True
            )
        ),
    }
    pieces = None
    if explain is not None:
        pieces = tuple(
            TokenScore(start, end, make[explain](place))
            for place, (start, end) in enumerate(_spans(text, words))
        )
    return Classification(
        label=CLASSES[column],
        score=probs[column],
        probs=probs,
        num_tokens=min(len(words), most),
        truncated=len(words) > most,
        explanation=pieces,
        initial_probs=_probs([]) if explain == "trajectory" else None,
    )


def _probs(words: list[str]) -> tuple[float, ...]:
    good = sum(word.lower().strip(".,!") in GOOD_WORDS for word in words)
    bad = sum(word.lower().strip(".,!") in BAD_WORDS for word in words)
    positive = (1 + good) / (2 + good + bad)
    return (1 - positive, positive)


def _spans(text: str, words: list[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for word in words:
        start = text.index(word, start)
        yield start, start + len(word)
        start += len(word)
