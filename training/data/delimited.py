"""Rows of CSV and TSV text, with or without a line that names the columns."""

import csv
import io
from collections.abc import Iterator, Mapping

from training.data.reports import counted

MAX_FIELD_CHARS = 2**31 - 1
Records = Iterator[tuple[int, list[str] | str]]


def read_delimited(
    text: str, wanted: list[str], *, delimiters: str, has_header: bool
) -> tuple[list[str], Iterator[tuple[int, Mapping[str, object] | str]]]:
    """Return the names of the columns, and the rows with their first line, from 1.

    Args:
        text: What the file holds.
        wanted: Columns that it should have: they tell which delimiter it is.
        delimiters: Those that it may have, the likeliest first.
        has_header: Whether the first line names the columns; else they are called "1", "2", ….
    """
    lines = io.StringIO(text, newline="").readlines()
    firsts = {mark: _first(records(lines, mark)) for mark in delimiters}
    if not has_header:
        firsts = {mark: [str(n + 1) for n in range(len(first))] for mark, first in firsts.items()}
    fitting = (mark for mark, names in firsts.items() if set(wanted) <= set(names))
    delimiter = next(fitting, max(firsts, key=lambda mark: len(firsts[mark])))
    found = records(lines, delimiter)
    if has_header:
        _first(found)
    return firsts[delimiter], _rows(found, firsts[delimiter])


def _first(found: Records) -> list[str]:
    """Take the first record that is not blank; return its fields."""
    first = next((fields for _, fields in found if fields), [])
    return [name.strip() for name in first] if isinstance(first, list) else []


def _rows(found: Records, names: list[str]) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    for line, fields in found:
        if isinstance(fields, str):
            yield line, fields
        elif fields and len(fields) != len(names):
            yield line, f"{counted(len(fields), 'column')} instead of {len(names)}"
        elif fields:
            yield line, dict(zip(names, fields, strict=True))


def records(lines: list[str], delimiter: str) -> Records:
    """Parse lines; yield the first line of each record with its fields or what is wrong.

    A quote that is opened and not closed as it should would swallow the rows after it: only its
    own line is lost, and reading goes on at the next. Tab-separated files are often written
    without any quoting, so there such a line is taken as it stands.
    """
    csv.field_size_limit(MAX_FIELD_CHARS)
    start = 0
    while start < len(lines):
        remaining = (lines[place] for place in range(start, len(lines)))
        reader = csv.reader(remaining, delimiter=delimiter, strict=True)
        first = start
        try:
            for fields in reader:
                yield first + 1, fields
                first = start + reader.line_num
            return
        except csv.Error:
            plain = lines[first].rstrip("\r\n").split(delimiter)
            yield first + 1, plain if delimiter == "\t" else "a quote that is not closed"
            start = first + 1
