"""Models of the tasks that `FakeEngine` has none of; their answers can be worked out by hand."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from service.engine.requests.classify import Classification, ClassifyAnswer, ClassifyRequest
from service.engine.requests.generate import GenerateRequest
from service.engine.requests.tag import Tag, TagAnswer, TagRequest
from service.engine.requests.translate import (
    Attention,
    SearchAnswer,
    SearchRequest,
    Span,
    Translation,
)
from service.engine.types import ModelStatus, Timing
from tests.fake_generation import FakeGeneration

if TYPE_CHECKING:
    from tests.fakes import FakeEngine

DIGITS = tuple("0123456789")
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SHAPE = (64,)
TIMING = Timing(queue_s=0.001, compute_s=0.002, batch_size=1)
SURE = 0.91
LOOK = 0.7  # of a written word at the word in its place
TAGS = {"the": "DET", "a": "DET", "in": "ADP", "and": "CCONJ", "she": "PRON", "he": "PRON"}


def _status(name: str, task: str, **more: tuple[str, ...] | tuple[int, ...]) -> ModelStatus:
    fixed = {"version": 1, "state": "ready", "is_default": True, "created": 1_700_000_600}
    return ModelStatus(name=name, task=task, **{**fixed, **more})  # type: ignore[arg-type]


OTHER_STATUSES = (
    _status("en-fr", "translation"),
    _status("digits", "vector-classification", classes=DIGITS, input_shape=SHAPE),
    _status("vowels", "vector-classification", classes=("a", "e"), input_shape=(12,)),
    _status("digit-names", "image-captioning", input_shape=SHAPE),
    _status("pos", "token-classification"),
)


def translate(request: SearchRequest) -> SearchAnswer:
    """Write each text backwards, word by word in its own order; beams add an exclamation mark."""
    results = tuple(_translated(text, request.num_beams) for text in request.texts)
    return SearchAnswer("en-fr", 1, results, TIMING)


def _translated(text: str, num_beams: int) -> Translation:
    words = text.split()
    written = " ".join(word[::-1] for word in words) + "!" * (num_beams > 1)
    source = _spans(text)
    target = (*_spans(written), Span(len(written), len(written)))
    other = (1 - LOOK) / max(1, len(source) - 1)
    weights = tuple(
        tuple(
            LOOK if column == min(row, len(source) - 1) else other for column in range(len(words))
        )
        for row in range(len(target))
    )
    return Translation(
        written, -0.5, len(source), len(target), "stop", Attention(source, target, weights)
    )


def tag(request: TagRequest) -> TagAnswer:
    """Label words by a short list; a capital makes a name, anything else is a noun."""
    results = tuple(tuple(_tags(text)) for text in request.texts)
    return TagAnswer("pos", 1, results, TIMING)


def _tags(text: str) -> Iterable[Tag]:
    for found in re.finditer(r"\w+|[^\w\s]", text):
        word = found[0]
        label = TAGS.get(word.lower(), "PROPN" if word[0].isupper() else "NOUN")
        label = label if word[0].isalnum() else "PUNCT"
        yield Tag(found.start(), found.end(), label, SURE)


def second_of(answer: TagAnswer | SearchAnswer) -> TagAnswer | SearchAnswer:
    """Answer as version 2: nouns are verbs, translations are loud."""
    if isinstance(answer, SearchAnswer):
        loud = tuple(replace(one, text=one.text.upper()) for one in answer.results)
        return replace(answer, version=2, results=loud)
    results = tuple(
        tuple(replace(tag, label="VERB" if tag.label == "NOUN" else tag.label) for tag in tags)
        for tags in answer.results
    )
    return replace(answer, version=2, results=results)


def classify_drawings(request: ClassifyRequest) -> ClassifyAnswer:
    """Take a drawing for the number of its rows that have ink."""
    results = tuple(_drawn(numbers) for numbers in request.numbers)
    return ClassifyAnswer("digits", 1, results, TIMING)


def _drawn(numbers: list[float]) -> Classification:
    digit = rows_with_ink(numbers)
    probs = tuple(SURE if place == digit else (1 - SURE) / 9 for place in range(10))
    return Classification(DIGITS[digit], SURE, probs, 0, False)


def rows_with_ink(numbers: list[float]) -> int:
    """Return how many of the eight rows are not empty."""
    return sum(any(numbers[start : start + 8]) for start in range(0, 64, 8))


def caption(request: GenerateRequest, engine: "FakeEngine") -> FakeGeneration:
    """Write the number of rows that have ink as a word."""
    return CaptionGeneration(OTHER_STATUSES[3], request, engine)


@dataclass
class CaptionGeneration(FakeGeneration):
    """A generation of one word, which the numbers tell."""

    def texts(self) -> list[str]:
        return [WORDS[rows_with_ink(list(self.request.numbers))]]


def _spans(text: str) -> tuple[Span, ...]:
    return tuple(Span(found.start(), found.end()) for found in re.finditer(r"\S+", text))
