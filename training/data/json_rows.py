"""Rows of JSON: an object a line, or an array of objects."""

import json
from collections.abc import Iterator, Mapping

from training.data.text_files import split_lines

Found = Iterator[tuple[int, Mapping[str, object] | str]]


def read_json(text: str) -> Found:
    """Yield the objects of an array, by number from 1; of anything else, those a line.

    An object whose only list of objects is the table, as in `{"data": [...]}`, is read as that.
    """
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return read_json_lines(text)
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if _is_table(value)]
        whole = lists[0] if len(lists) == 1 else whole
    if not isinstance(whole, list):
        return read_json_lines(json.dumps(whole))
    return (
        (number, row if isinstance(row, dict) else "not a JSON object")
        for number, row in enumerate(whole, start=1)
    )


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def read_json_lines(text: str) -> Found:
    """Yield each line's object with the line's number, from 1; blank ones are passed over."""
    for line, content in enumerate(split_lines(text), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except (ValueError, RecursionError):
            yield line, "not JSON"
            continue
        yield line, row if isinstance(row, dict) else "not a JSON object"
