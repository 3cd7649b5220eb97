"""Rows of a person's own table: CSV, TSV, JSON, Parquet, or fastText's labelled lines.

A row that cannot be used is kept with its line and what is wrong with it; a file that cannot be
used at all is a `DataError` that says what to do. What a row means is the caller's.
"""

import shlex
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from training.data.delimited import read_delimited
from training.data.json_rows import read_json, read_json_lines
from training.data.parquet import read_parquet
from training.data.text_files import NOT_UTF8, decode, is_packed, is_utf8, read_bytes
from training.errors import DataError

# Tried in this order: the first that finds all columns in the header.
_DELIMITERS = {".csv": ",;\t|", ".tsv": "\t"}
_JSON = (".jsonl", ".ndjson", ".json")
PARQUET = ".parquet"
SUFFIXES = (*_DELIMITERS, *_JSON, PARQUET)

# First line of a row (of an array or a Parquet file: its number) with its values by column, or with
# what is wrong with it.
Row = tuple[int, Mapping[str, object] | str]
Columns = Mapping[str, str]
"""Two or more columns to be found, by the flag that names each on the command line."""


def is_table(path: Path) -> bool:
    """Return whether the name is one of a table, perhaps packed."""
    return table_suffix(path) in SUFFIXES


def table_suffix(path: Path) -> str:
    """Return the ending that tells what a file holds, less that of its packing."""
    return (path.with_suffix("").suffix if is_packed(path) else path.suffix).lower()


def is_numbered(path: Path) -> bool:
    """Return whether rows are told by their number, not by their line in the file."""
    return table_suffix(path) in (".json", PARQUET)


def read_rows(
    path: Path, columns: Columns, *, has_header: bool = True, encoding: str | None = None
) -> Iterator[Row]:
    """Return the rows of a table, those that cannot be used too; blank ones are passed over.

    Args:
        path: A file whose name `is_table` knows.
        columns: What its rows have to have.
        has_header: Whether the first line of a CSV or TSV names the columns; without, they are
            called by their number, from 1.
        encoding: See `decode`.

    Raises:
        DataError: If the file cannot be read or lacks a column.
    """
    suffix, wanted = table_suffix(path), list(columns.values())
    if suffix == PARQUET:
        names, rows = read_parquet(path, wanted)
        _check_columns(path, columns, names)
        return rows
    text = decode(read_bytes(path), path, encoding)
    if suffix in _JSON:
        try:
            found = read_json(text, wanted) if suffix == ".json" else read_json_lines(text)
        except ValueError as exc:
            raise DataError(f"{path} cannot be read: {exc}") from exc
        return _with_keys(found, path, columns)
    names, rows = read_delimited(
        text, wanted, delimiters=_DELIMITERS[suffix], has_header=has_header
    )
    _check_columns(path, columns, names, has_header=has_header)
    return rows


def check_text(text: str) -> str:
    """Return what is wrong with a text, "" if nothing is."""
    if not text:
        return "empty text"
    return "" if is_utf8(text) else NOT_UTF8


def _with_keys(rows: Iterator[Row], path: Path, columns: Columns) -> Iterator[Row]:
    """Yield rows of JSON; at the end, check that any had the keys."""
    found: set[str] = set()
    for line, row in rows:
        if not isinstance(row, str):
            found.update(row)
        yield line, row
    if found:
        _check_columns(path, columns, sorted(found))


def _check_columns(
    path: Path, columns: Columns, found: list[str], *, has_header: bool = True
) -> None:
    is_delimited = table_suffix(path) in _DELIMITERS
    if not found:
        wants = ": its first line names the columns" if is_delimited and has_header else ""
        raise DataError(f"{path} is empty{wants}")
    if len({*columns.values()}) < len(columns):
        raise DataError(
            f"{path}: {' and '.join(columns)} both name {next(iter(columns.values()))!r}: give "
            "each its own column"
        )
    if not has_header and is_delimited:
        _check_numbers(path, columns, len(found))
        return
    for flag, column in columns.items():
        count = found.count(column)
        if count == 1:
            continue
        shown = ", ".join(repr(name[:40]) for name in found[:20])
        problem = "no column" if count == 0 else "several columns"
        known = "the columns that its first line names" if is_delimited else "those that it has"
        more = " and more" if len(found) > 20 else ""
        raise DataError(
            f"{path} has {problem} named {column!r}; {known} are: {shown}{more}. "
            + (_near(column, found, flag, is_delimited) if count == 0 else "Rename all but one")
        )


def _check_numbers(path: Path, columns: Columns, num_columns: int) -> None:
    for flag, column in columns.items():
        if column not in map(str, range(1, num_columns + 1)):
            raise DataError(
                f"{path}: with --no-header, {flag} is the number of a column, from 1 to "
                f"{num_columns}, not {column!r}"
            )


def _near(column: str, found: list[str], flag: str, may_lack_header: bool) -> str:
    """Say how to name the column, by the nearest name if there is one."""
    by_lower = {name.lower(): name for name in found}
    near = get_close_matches(column.lower(), by_lower, n=1)
    if near:
        return f"Did you mean {flag} {shlex.quote(by_lower[near[0]])}?"
    header = ", or, if that line is a row, give --no-header and the columns' numbers"
    return f"Choose one with {flag}{header if may_lack_header else ''}"
