"""Wire models of `/v1/translate`: what it takes, and the answer, written by hand."""

from typing import Annotated, Literal

from service.api.request_schemas import Ask, MaxTokens, ModelName, Text, Texts
from service.api.response_schemas import Answer, Usage
from service.api.whole_numbers import Whole
from service.engine.requests.translate import MAX_BEAMS


class TranslateAsk(Ask):
    """Texts to translate."""

    model: ModelName | None = None
    """Translator, as `name`, `name:version` or `name:label`; the default translator if left out."""

    input: Text | Texts
    """A text, or a list of texts; a sentence each."""

    num_beams: Annotated[int, Whole(1, MAX_BEAMS)] = 1
    """Translations followed at the same time, of which the best is told; 1 takes the most probable
    word each time, which is quickest."""

    max_tokens: MaxTokens | None = None
    """Tokens of each translation at most."""

    attention: bool = False
    """Adds what was attended to when each token was written."""

    stream: bool = False
    """Send the texts as server-sent events while they are written; with beams or attention, each
    text as a whole."""


class SpanBody(Answer):
    """A token: a piece of a text."""

    start: int
    """Offset of its first character, counted in code points."""

    end: int
    """Offset after its last character."""

    text: str
    """The characters between."""


class AttentionBody(Answer):
    """What was attended to."""

    source: list[SpanBody]
    """The tokens of the text."""

    target: list[SpanBody]
    """The tokens of the translation; the model's own end is an empty one."""

    weights: list[list[float]]
    """For each token of the translation, its weight on each of the text's."""


class Translated(Answer):
    """The answer for one text, or a new piece of it in a stream."""

    index: int
    """Place of the text in the request."""

    text: str
    """The translation, or its next piece."""

    finish_reason: Literal["stop", "length"] | None
    """`stop`: the model's own end; `length`: `max_tokens`; null in a stream until
    the last piece."""

    score: float | None = None
    """Mean natural-log probability of its tokens, where beams were searched or attention told."""

    attention: AttentionBody | None = None
    """If asked for."""


class TranslateAnswerBody(Answer):
    """Translations in the order of the texts; in a stream each event has a piece of one."""

    id: str
    """Made of the request's id."""

    object: Literal["list", "translation.chunk"]
    """What this is: the whole, or an event of a stream."""

    created: int
    """Unix seconds."""

    model: str
    """Name of the model that translated."""

    version: int
    """Its version."""

    data: list[Translated]
    """One answer a text; in an event, one piece of one of them."""

    usage: Usage | None = None
    """Tokens counted; in a stream only in the last event."""
