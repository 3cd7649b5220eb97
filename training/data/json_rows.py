"""Rows of JSON: an object a line, an array of objects, or an object of columns."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training.data.text_files import split_lines

Found = Iterator[tuple[int, Mapping[str, object] | str]]


def read_json(text: str, wanted: Sequence[str] = ()) -> Found:
    """Return the objects of an array, by number from 1; of anything else, those a line.

    An object whose only list of objects is the table, as in `{"data": [...]}`, is read as that, and
    so is one of columns as pandas writes it: `{"text": {"0": ...}, "label": {...}}`.

    Args:
        text: What the file holds.
        wanted: Columns that the rows should have.

    Raises:
        ValueError: It begins as an array and is none, or holds several tables.
    """
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as exc:
        if text.lstrip().startswith("["):
            raise ValueError(f"it begins as an array and is no JSON: {exc}"[:200]) from exc
        return read_json_lines(text)
    if isinstance(whole, dict):
        whole = _table_of(whole, wanted)
    if not isinstance(whole, list):
        return read_json_lines(json.dumps(whole))
    return (
        (number, row if isinstance(row, dict) else "not a JSON object")
        for number, row in enumerate(whole, start=1)
    )


def _table_of(whole: dict[str, Any], wanted: Sequence[str]) -> object:
    """Return the rows of an object, or the object where it is none of rows."""
    columns, data = whole.get("columns"), whole.get("data")
    if isinstance(columns, list) and isinstance(data, list) and not _is_table(data):
        return [dict(zip(columns, row, strict=False)) for row in data if isinstance(row, list)]
    by_name = {name: whole.get(name) for name in wanted}
    if by_name and all(isinstance(column, dict | list) for column in by_name.values()):
        return _rows_of(by_name)
    if whole and all(isinstance(row, dict) and set(wanted) <= row.keys() for row in whole.values()):
        return list(whole.values())
    tables = [name for name, value in whole.items() if _is_table(value)]
    if len(tables) > 1:
        raise ValueError(
            f"it holds several tables ({', '.join(map(repr, tables[:5]))}): put each into a file "
            "of its own, such as train.json and test.json"
        )
    return whole[tables[0]] if tables else whole


def _rows_of(columns: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return the rows of columns, each a list or an object by the row's key."""
    keyed = {
        name: column if isinstance(column, dict) else dict(enumerate(column))
        for name, column in columns.items()
    }
    keys = dict.fromkeys(key for column in keyed.values() for key in column)
    return [{name: column.get(key) for name, column in keyed.items()} for key in keys]


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def read_json_lines(text: str) -> Found:
    """Return each line's object with the line's number, from 1; blank ones are passed over.

    Raises:
        ValueError: It is an array.
    """
    if text.lstrip().startswith("["):
        raise ValueError("it is an array, not an object a line: let its name end in .json")
    return _objects(text)


def _objects(text: str) -> Found:
    for line, content in enumerate(split_lines(text), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except (ValueError, RecursionError):
            yield line, "not JSON"
            continue
        yield line, row if isinstance(row, dict) else "not a JSON object"
