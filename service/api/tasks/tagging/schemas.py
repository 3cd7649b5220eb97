"""Wire models of `/v1/tag`: what it takes, and the answer, held against what is written by hand."""

from typing import Literal

from service.api.request_schemas import Ask, ModelName, Text, Texts
from service.api.response_schemas import Answer, Usage


class TagAsk(Ask):
    """Texts whose words are to be labelled."""

    model: ModelName | None = None
    """Tagger, as `name`, `name:version` or `name:label`; the default tagger if left out."""

    input: Text | Texts
    """A text, or a list of texts."""


class TokenBody(Answer):
    """A word of the text and its label."""

    text: str
    """The word as it stands there."""

    start: int
    """Offset of its first character in the text, counted in code points."""

    end: int
    """Offset after its last character."""

    label: str
    """Its label."""

    score: float
    """The label's probability."""


class Tagged(Answer):
    """The answer for one text."""

    index: int
    """Place of the text in the request."""

    tokens: list[TokenBody]
    """Its words, in order."""


class TagAnswerBody(Answer):
    """Answers in the order of the texts."""

    id: str
    """Made of the request's id."""

    object: Literal["list"]
    """What this is."""

    created: int
    """Unix seconds."""

    model: str
    """Name of the model that answered."""

    version: int
    """Its version."""

    data: list[Tagged]
    """One answer a text."""

    usage: Usage
    """Words counted."""
