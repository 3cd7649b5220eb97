"""The user's own labelled texts: CSV, TSV, JSONL, or a folder with a folder for each class.

A row that cannot be used is kept as a `BadRow` with its line; a file that cannot be used at all
is a `DataError` that says what to do.
"""

import csv
import io
import json
import shlex
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from training.data.labelled_rows import Example, Labelled
from training.data.reports import BadRow, counted, describe_bad_rows
from training.data.text_files import (
    NOT_UTF8,
    decode,
    file_sha256,
    is_text_file,
    is_utf8,
    read_bytes,
    save_as_utf8,
)
from training.errors import DataError

# Tried in this order: the first that finds both columns in the header.
_DELIMITERS = {".csv": ",;\t|", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
_MAX_FIELD_CHARS = 2**31 - 1

# First line of a row with its values by column, or with what is wrong with it.
Row = tuple[int, Mapping[str, object] | str]
Columns = Mapping[str, str]
"""Two or more columns to be found, by the flag that names each on the command line."""


def read_table(path: Path, *, text_column: str, label_column: str) -> Labelled:
    """Read a file of labelled texts.

    Args:
        path: A CSV, TSV or JSONL file, UTF-8, perhaps with ".gz" after that. CSV and TSV begin
            with a line that names the columns; CSV may be separated by comma, semicolon, tab or
            bar.
        text_column: The column (JSONL: key) that holds the text.
        label_column: The column that holds the label, a string or a whole number.

    Returns:
        The rows, in order, nothing split off; texts and labels without the white space around
        them.

    Raises:
        DataError: If the file is of another kind, is not UTF-8, lacks a column, or has no row
            that can be used.
    """
    if not is_table(path):
        raise DataError(
            f"{path}: labelled texts are read from .csv, .tsv and .jsonl files, or from a folder "
            "that holds a folder of .txt files for each class"
        )
    flags = {"--text-column": text_column, "--label-column": label_column}
    examples, bad = [], []
    for line, row in read_rows(path, flags):
        found = row if isinstance(row, str) else _example(row, line, (text_column, label_column))
        if isinstance(found, str):
            bad.append(BadRow(str(path), line, found))
        else:
            examples.append(found)
    return _labelled(path, examples, bad, sha256=file_sha256(path))


def is_table(path: Path) -> bool:
    """Return whether the name is one of a table: CSV, TSV or JSONL, perhaps packed."""
    return _table_suffix(path) in (*_DELIMITERS, *_JSON_LINES)


def _table_suffix(path: Path) -> str:
    return path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix


def read_rows(path: Path, columns: Columns) -> Iterator[Row]:
    """Yield the rows of a table, those that cannot be used too; blank ones are passed over.

    Args:
        path: A file whose name `is_table` knows.
        columns: What its rows have to have.

    Raises:
        DataError: If the file is not UTF-8 or lacks a column.
    """
    text, suffix = decode(read_bytes(path), path), _table_suffix(path)
    if suffix in _JSON_LINES:
        return _json_rows(text, path, columns)
    return _delimited_rows(text, path, columns, delimiters=_DELIMITERS[suffix])


def read_class_folders(path: Path) -> Labelled:
    """Read a folder that holds a folder for each class, and in it one .txt file for each text.

    Args:
        path: The folder; the folders in it give the labels. Files may be packed, ".txt.gz".

    Returns:
        The texts, ordered by class and file name. Files that are not .txt, empty, not UTF-8 or
        beside the class folders are bad rows; names that begin with a dot are passed over.

    Raises:
        DataError: If there are no folders in it, or no file that can be used.
    """
    entries = _visible(path)
    folders = [entry for entry in entries if entry.is_dir()]
    if not folders:
        raise DataError(
            f"{path} holds no folders: put the .txt files of each class into a folder named after "
            "the class, or name a .csv, .tsv or .jsonl file"
        )
    examples = []
    bad = [BadRow(str(file), 1, "not in a class folder") for file in entries if file.is_file()]
    for file in (file for folder in folders for file in _visible(folder)):
        found = _read_text_file(file)
        if isinstance(found, str):
            bad.append(BadRow(str(file), 1, found))
        else:
            examples.append(found)
    return _labelled(path, examples, bad)


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _read_text_file(file: Path) -> Example | str:
    if not is_text_file(file) or not file.is_file():
        return "not a .txt file"
    text = decode(read_bytes(file), file).strip()
    return check_text(text) or Example(text, file.parent.name, f"{file.parent.name}/{file.name}")


def _labelled(
    path: Path, examples: list[Example], bad: list[BadRow], *, sha256: str | None = None
) -> Labelled:
    if not examples:
        lines = [line.removeprefix(f"{path}, ") for line in describe_bad_rows(bad)]
        raise DataError(
            f"{path} has no row that can be used: {'; '.join(lines[:3]) or 'it is empty'}"
            + (f"; {save_as_utf8(path.name)}" if any(row.reason == NOT_UTF8 for row in bad) else "")
        )
    return Labelled(
        name=str(path), train=examples, is_named=False, sha256=sha256, bad_rows=tuple(bad)
    )


def _example(row: Mapping[str, object], line: int, columns: tuple[str, str]) -> Example | str:
    """Return the row's text and label, or what is wrong with them."""
    text, label = (row.get(column) for column in columns)
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    if label is None or (isinstance(label, str) and not label.strip()):
        return "missing label"
    if isinstance(label, bool) or not isinstance(label, str | int):
        return "label is neither a string nor a whole number"
    if text is not None and not isinstance(text, str):
        return "text is not a string"
    text, label = (text or "").strip(), str(label).strip()
    return check_text(text) or check_text(label) or Example(text, label, f"line {line}")


def check_text(text: str) -> str:
    """Return what is wrong with a text, "" if nothing is."""
    if not text:
        return "empty text"
    return "" if is_utf8(text) else NOT_UTF8


def _json_rows(text: str, path: Path, columns: Columns) -> Iterator[Row]:
    found: set[str] = set()
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except (ValueError, RecursionError):
            yield line, "not JSON"
            continue
        if isinstance(row, dict):
            found.update(row)
        yield line, row if isinstance(row, dict) else "not a JSON object"
    if found:
        _check_columns(path, columns, sorted(found))


def _delimited_rows(text: str, path: Path, columns: Columns, *, delimiters: str) -> Iterator[Row]:
    lines = io.StringIO(text, newline="").readlines()
    delimiter = _delimiter(lines, columns, delimiters)
    records = _records(lines, delimiter)
    names = _header(records)
    _check_columns(path, columns, names)
    for line, fields in records:
        if isinstance(fields, str):
            yield line, fields
        elif fields and len(fields) != len(names):
            yield line, f"{counted(len(fields), 'column')} instead of {len(names)}"
        elif fields:
            yield line, dict(zip(names, fields, strict=True))


def _delimiter(lines: list[str], columns: Columns, delimiters: str) -> str:
    """Return the first delimiter that finds all columns, else the one that finds most."""
    headers = {delimiter: _header(_records(lines, delimiter)) for delimiter in delimiters}
    for delimiter, names in headers.items():
        if set(columns.values()) <= set(names):
            return delimiter
    return max(headers, key=lambda delimiter: len(headers[delimiter]))


def _header(records: Iterator[tuple[int, list[str] | str]]) -> list[str]:
    """Take the first record that is not blank; return its fields."""
    header = next((fields for _, fields in records if fields), [])
    return [name.strip() for name in header] if isinstance(header, list) else []


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Parse lines; yield the first line of each record with its fields or what is wrong.

    A quote that is opened and not closed as it should would swallow the rows after it: only its
    own line is lost, and reading goes on at the next. Tab-separated files are often written
    without any quoting, so there such a line is taken as it stands.
    """
    csv.field_size_limit(_MAX_FIELD_CHARS)
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


def _check_columns(path: Path, columns: Columns, found: list[str]) -> None:
    for flag, column in columns.items():
        count = found.count(column)
        if not found:
            raise DataError(f"{path} is empty: its first line names the columns")
        if count == 1:
            continue
        shown = ", ".join(repr(name[:40]) for name in found[:20])
        problem = "no column" if count == 0 else "several columns"
        remedy = _near(column, found, flag) if count == 0 else "Rename all but one in that line"
        raise DataError(
            f"{path} has {problem} named {column!r}; the columns that its first line names are: "
            f"{shown}. {remedy}"
        )


def _near(column: str, found: list[str], flag: str) -> str:
    """Say how to name the column, by the nearest name if there is one."""
    by_lower = {name.lower(): name for name in found}
    near = get_close_matches(column.lower(), by_lower, n=1)
    if near:
        return f"Did you mean {flag} {shlex.quote(by_lower[near[0]])}?"
    return f"Choose one with {flag}, or, if that line is a row, put one with names before it"
