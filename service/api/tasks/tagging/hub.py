"""Tagging as Hugging Face's client reads it: words, or with a strategy whole spans."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.api.errors import SchemaError
from service.api.hugging_face import HubCall
from service.api.tasks.tagging.tag import ask_tags
from service.engine.requests.tag import Tag

STRATEGIES = ("none", "simple", "first", "average", "max")


def hub(call: HubCall) -> list[Any]:
    """Answer with the words of a text, or a list of them for each of several."""
    strategy = _strategy(call.parameters)
    answer = ask_tags(call.texts, call.model, call.request, version=call.info.version)
    rows = [
        _words(tags, text) if strategy == "none" else _groups(tags, text)
        for tags, text in zip(answer.results, call.texts, strict=True)
    ]
    return rows[0] if call.is_single else rows


def _strategy(parameters: Mapping[str, Any]) -> str:
    strategy = parameters.get("aggregation_strategy") or "none"
    if strategy not in STRATEGIES:
        raise SchemaError(
            f"`parameters.aggregation_strategy` must be one of {', '.join(STRATEGIES)}",
            param="parameters.aggregation_strategy",
        )
    return str(strategy)


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
        if tag.label != "O"
    ]


def _groups(tags: Sequence[Tag], text: str) -> list[dict[str, Any]]:
    """Join the words of a span (`B-X`, `I-X` …); labels without such a form stay by themselves."""
    groups: list[list[Tag]] = []
    for tag in tags:
        if tag.label.startswith("I-") and groups and _name(groups[-1][-1]) == _name(tag):
            groups[-1].append(tag)
        elif tag.label != "O":
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
