"""Writes docs/fields.md: what becomes of each field of the protocols of others.

`python -m tests.field_table`
"""

import json
import typing
from collections.abc import Iterator

from service.api.open_inference import parameters as oip
from service.api.protocol_requests import Only, ProtocolRequest
from service.settings import PROJECT_DIR
from tests.foreign_fields import INFER, SECTIONS
from tests.foreign_section import Section

PAGE = PROJECT_DIR / "docs" / "fields.md"
BEGIN = "<!-- fields: made by `python -m tests.field_table` -->\n"
END = "<!-- end of fields -->\n"
HONOURED, HARMLESS, REFUSED = "honoured", "harmless", "refused"

Row = tuple[str, str, str]
"""A field's path, what becomes of it, and the words for that."""

READ = {
    "parameters.timeout": "Microseconds that the answer may take.",
    "parameters.binary_data_output": "Whether outputs come as bytes after the JSON part.",
    "inputs[].parameters.binary_data_size": "Bytes of the tensor after the JSON part.",
    "outputs[].parameters.classification": "Tell so many of the best classes.",
    "outputs[].parameters.binary_data": "Whether the output comes after the JSON part.",
}


def rows(section: Section) -> list[Row]:
    """Every field that a route knows."""
    known = [*_fields(section.ask, ""), *(_parameters() if section is INFER else ())]
    return sorted(known, key=lambda row: (HONOURED, HARMLESS, REFUSED).index(row[1]))


def neutral(section: Section) -> Iterator[tuple[str, typing.Any]]:
    """Values of refused fields that ask for what is done anyway."""
    for path, field in _leaves(section.ask, ""):
        for mark in field.metadata:
            if isinstance(mark, Only):
                yield from ((path, value) for value in (None, *mark.values))


def page() -> str:
    """The whole page."""
    before, rest = PAGE.read_text().split(BEGIN)
    return before + BEGIN + "\n".join(map(_table, SECTIONS)) + END + rest.split(END)[1]


def _table(section: Section) -> str:
    lines = [f"### {section.title}", "", f"{section.source}.", ""]
    lines += ["| field | | for instance | |", "| --- | --- | --- | --- |"]
    for path, decision, words in rows(section):
        value = json.dumps(section.sent[path]).replace("|", "\\|")
        lines.append(f"| `{path}` | {decision} | `{value}` | {words} |")
    return "\n".join([*lines, ""])


def _fields(ask: type[ProtocolRequest], prefix: str) -> Iterator[Row]:
    for path, field in _leaves(ask, prefix):
        words = " ".join((field.description or "").split()).replace("|", "\\|")
        decision = HARMLESS if words.startswith("Accepted") else HONOURED
        if any(isinstance(mark, Only) for mark in field.metadata):
            decision, words = REFUSED, f"{words} Taken: {_taken(field)}."
        yield path, decision, words


def _taken(field: typing.Any) -> str:
    [mark] = [mark for mark in field.metadata if isinstance(mark, Only)]
    return ", ".join(f"`{json.dumps(value)}`" for value in (None, *mark.values))


def _leaves(ask: type[ProtocolRequest], prefix: str) -> Iterator[tuple[str, typing.Any]]:
    """The fields of a model and of the models in it; what is free in form is listed by hand."""
    for name, field in ask.model_fields.items():
        inner, is_list = _model_in(field.annotation)
        if inner is not None and not issubclass(ask, inner):
            yield from _leaves(inner, f"{prefix}{name}{'[]' * is_list}.")
        elif name != "parameters":
            yield prefix + name, field


def _model_in(annotation: typing.Any) -> tuple[type[ProtocolRequest] | None, bool]:
    if isinstance(annotation, type) and issubclass(annotation, ProtocolRequest):
        return annotation, False
    is_list = typing.get_origin(annotation) is list
    for part in typing.get_args(annotation):
        inner, is_inner_list = _model_in(part)
        if inner is not None:
            return inner, is_list or is_inner_list
    return None, False


def _parameters() -> Iterator[Row]:
    yield from ((path, HONOURED, words) for path, words in READ.items())
    yield from ((f"parameters.{name}", HARMLESS, words) for name, words in oip.HARMLESS.items())
    for name, words in oip.REFUSED.items():
        is_shared = name.startswith("shared")
        for place in ("inputs[].", "outputs[].") if is_shared else ("",):
            yield f"{place}parameters.{name}", REFUSED, f"Not supported: {words}."


if __name__ == "__main__":
    PAGE.write_text(page())
