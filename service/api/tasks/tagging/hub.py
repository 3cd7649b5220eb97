"""Tagging as Hugging Face's client reads it: words, or with a strategy whole spans.

Spec: huggingface.js, `packages/tasks/src/tasks/token-classification/spec/input.json`.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from service.api.hugging_face import HubAsk, HubCall
from service.api.protocol_requests import ProtocolRequest
from service.api.tasks.tagging.tag import ask_tags
from service.api.whole_numbers import Whole
from service.engine.requests.tag import Tag

Label = Annotated[str, Field(max_length=100)]


class TagParameters(ProtocolRequest):
    """What the client sends beside the text."""

    aggregation_strategy: Literal["none", "simple", "first", "average", "max"] | None = None
    """`none` tells each word, which is what is done if it is left out; all others whole spans, as
    a model's tokens are words."""

    ignore_labels: Annotated[list[Label], Field(max_length=100)] | None = None
    """Labels that are not told; `["O"]` if left out."""

    stride: Annotated[int, Whole(0)] | None = None
    """Accepted: a text is read in one piece."""


class TagHubAsk(HubAsk):
    """Texts whose words are to be labelled."""

    parameters: TagParameters | None = None
    """Which words are told, and how they are joined."""


def tags(call: HubCall) -> list[Any]:
    """Answer with the words of a text, or a list of them for each of several."""
    parameters = call.ask.parameters or TagParameters()
    answer = ask_tags(call.texts, call.model, call.request, version=call.info.version)
    write = _words if parameters.aggregation_strategy in (None, "none") else _groups
    given = parameters.ignore_labels
    ignored = frozenset(("O",) if given is None else given)
    rows = [
        write([tag for tag in own if ignored.isdisjoint((tag.label, _name(tag)))], text)
        for own, text in zip(answer.results, call.texts, strict=True)
    ]
    return rows[0] if call.is_single else rows


def _words(tags: Sequence[Tag], text: str) -> list[dict[str, Any]]:
    return [
        {
            "entity": tag.label,
            "score": tag.score,
            "word": text[tag.start : tag.end],
            "start": tag.start,
            "end": tag.end,
        }
        for tag in tags
    ]


def _groups(tags: Sequence[Tag], text: str) -> list[dict[str, Any]]:
    """Join the words of a span (`B-X`, `I-X` …); labels without such a form stay by themselves."""
    groups: list[list[Tag]] = []
    for tag in tags:
        if tag.label.startswith("I-") and groups and _name(groups[-1][-1]) == _name(tag):
            groups[-1].append(tag)
        else:
            groups.append([tag])
    return [
        {
            "entity_group": _name(group[0]),
            "score": sum(tag.score for tag in group) / len(group),
            "word": text[group[0].start : group[-1].end],
            "start": group[0].start,
            "end": group[-1].end,
        }
        for group in groups
    ]


def _name(tag: Tag) -> str:
    return tag.label.removeprefix("B-").removeprefix("I-")
