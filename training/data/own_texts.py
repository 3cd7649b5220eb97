"""A person's own labelled texts: tables, fastText's lines, folders of them, or class folders.

Several files are one source. Where they are named as published splits are (`train.csv` and
`test.csv`, `train-00000-of-00002.parquet`), the split is kept.
"""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from training.data.labelled_rows import Example, Labelled
from training.data.own_files import ReadOptions
from training.data.own_labels import label_key, settle_labels, written_label
from training.data.own_splits import TRAIN, describe_splits, split_of, splits_of
from training.data.reports import BadRow, describe_bad_rows
from training.data.tables import SUFFIXES, check_text, is_numbered, is_table, read_rows
from training.data.text_files import (
    NOT_UTF8,
    decode,
    file_sha256,
    is_text_file,
    read_bytes,
    read_start,
    save_as_utf8,
    split_lines,
)
from training.errors import DataError

FASTTEXT = "__label__"
FASTTEXT_SUFFIXES = (".txt", ".ft", ".train", ".valid", ".test")
KINDS = f"{', '.join(SUFFIXES)} or lines that begin with {FASTTEXT}"


@dataclass(slots=True)
class _Found:
    """Rows of some files, on their way to a source."""

    examples: list[Example] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


def read_own(paths: Sequence[Path], options: ReadOptions) -> Labelled:
    """Read files or folders of labelled texts as one source.

    Args:
        paths: Each a table, a file of fastText's lines, a folder of such files, or a folder that
            holds a folder for each class with a .txt file for each text.
        options: What the caller says of them.

    Returns:
        The rows, in order, with the splits that the names of files tell; texts and labels without
        the white space around them.

    Raises:
        DataError: If a file is of another kind, cannot be read, lacks a column, or there is no row
            that can be used.
    """
    files = [file for path in paths for file in _files(path)]
    _check_once(files)
    splits = splits_of(files)
    found: dict[str, _Found] = {split: _Found() for split in splits}
    by_file: dict[Path, set[str]] = {}
    for split, members in splits.items():
        for file in members:
            start = len(found[split].examples)
            _read_file(file, options, found[split], shows_file=len(files) > 1)
            by_file[file] = {example.label for example in found[split].examples[start:]}
    name = ", ".join(map(str, paths))
    bad = [row for part in found.values() for row in part.bad]
    _check_used(name, found.values(), bad)
    _check_related(by_file, options)
    labelled = Labelled(
        name=name,
        train=found["train"].examples,
        validation=found["validation"].examples or None if "validation" in found else None,
        test=found["test"].examples or None if "test" in found else None,
        is_named=False,
        sha256=file_sha256(files[0]) if len(files) == 1 and files[0].is_file() else None,
        bad_rows=tuple(bad),
        notes=(
            *describe_splits(splits, {split: len(part.examples) for split, part in found.items()}),
            *(note for path in paths for note in _passed_over(path)),
        ),
    )
    return settle_labels(labelled, options)


def _files(path: Path) -> list[Path]:
    """Return the files of a path; a folder of class folders stands for itself."""
    if not path.is_dir():
        return [path]
    entries = _visible(path)
    tables = [entry for entry in entries if entry.is_file() and _is_labelled_file(entry)]
    folders = [entry for entry in entries if entry.is_dir()]
    if tables:
        return tables
    if _is_split(folders):
        return folders
    if folders:
        return [path]
    raise DataError(
        f"{path} holds no folders and no tables: put the .txt files of each class into a folder "
        f"named after the class, or name a file: {KINDS}"
    )


def _check_once(files: Sequence[Path]) -> None:
    """See that no file is read twice, under whatever name: its rows would count double."""
    first: dict[Path, Path] = {}
    for file in files:
        before = first.setdefault(file.resolve(), file)
        if before is not file:
            also = "twice" if before == file else f"also as {before}"
            raise DataError(f"{file} is named {also}: name each file, or its folder, once")


def _passed_over(path: Path) -> list[str]:
    """Say what in a folder is not read."""
    if not path.is_dir() or (read := {*_files(path)}) == {path}:
        return []
    others = [entry.name for entry in _visible(path) if entry not in read]
    more = f" and {len(others) - 5:,} more" if len(others) > 5 else ""
    return [f"passed over in {path}: {', '.join(others[:5])}{more}"] if others else []


def _is_split(folders: Sequence[Path]) -> bool:
    """Return whether folders are splits that hold class folders, a training split among them."""
    return any(split_of(folder) == TRAIN for folder in folders) and all(
        any(entry.is_dir() for entry in folder.iterdir()) for folder in folders
    )


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _is_labelled_file(path: Path) -> bool:
    return is_table(path) or _is_fasttext(path)


def _is_fasttext(path: Path) -> bool:
    """Return whether the name may be one of fastText's files and the first line is one of its."""
    if not {suffix.lower() for suffix in path.suffixes} & {*FASTTEXT_SUFFIXES}:
        return False
    return read_start(path).removeprefix(BOM_UTF8).lstrip().startswith(FASTTEXT.encode())


def _read_file(file: Path, options: ReadOptions, found: _Found, *, shows_file: bool) -> None:
    if file.is_dir():
        _read_class_folders(file, options, found)
        return
    unit = "row" if is_numbered(file) else "line"
    for line, row in _rows(file, options):
        place = f"{file.name}, {unit} {line}" if shows_file else f"{unit} {line}"
        read = row if isinstance(row, str) else _example(row, place, options)
        if isinstance(read, str):
            found.bad.append(BadRow(str(file), line, read, unit))
        else:
            found.examples.append(read)


def _rows(file: Path, options: ReadOptions) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    if is_table(file):
        columns = {"--text-column": options.text_column, "--label-column": options.label_column}
        return read_rows(file, columns, has_header=options.has_header, encoding=options.encoding)
    if _is_fasttext(file):
        return _fasttext_rows(file, options)
    raise DataError(
        f"{file}: labelled texts are read from {KINDS}, or from a folder that holds a folder of "
        ".txt files for each class"
    )


def _fasttext_rows(
    file: Path, options: ReadOptions
) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    text = decode(read_bytes(file), file, options.encoding)
    for line, content in enumerate(split_lines(text), start=1):
        if not content.strip():
            continue
        words = content.split()
        labels = [word.removeprefix(FASTTEXT) for word in words if word.startswith(FASTTEXT)]
        if len(labels) == 1:
            rest = " ".join(word for word in words if not word.startswith(FASTTEXT))
            yield line, {options.text_column: rest, options.label_column: labels[0]}
        else:
            yield line, "several labels" if labels else f"no {FASTTEXT}"


def _example(row: Mapping[str, object], place: str, options: ReadOptions) -> Example | str:
    """Return the row's text and label, or what is wrong with them."""
    text, label = row.get(options.text_column), written_label(row.get(options.label_column))
    if label is None:
        return "label is neither text nor a number"
    if not label:
        return "missing label"
    if text is not None and not isinstance(text, str):
        return "text is not a string"
    text = (text or "").strip()
    return check_text(text) or check_text(label) or Example(text, label, place)


def _read_class_folders(folder: Path, options: ReadOptions, found: _Found) -> None:
    """Read a folder that holds a folder for each class, and in it one .txt file for each text.

    Files that are not .txt, empty, or beside the class folders are bad rows; names that begin with
    a dot are passed over.
    """
    entries = _visible(folder)
    found.bad += [
        BadRow(str(file), 1, "not in a class folder") for file in entries if file.is_file()
    ]
    classes = [entry for entry in entries if entry.is_dir()]
    for file in (file for entry in classes for file in _visible(entry)):
        read = _read_text_file(file, options)
        if isinstance(read, str):
            found.bad.append(BadRow(str(file), 1, read))
        else:
            found.examples.append(read)


def _read_text_file(file: Path, options: ReadOptions) -> Example | str:
    if not is_text_file(file) or not file.is_file():
        return "a folder in a class folder, not looked into" if file.is_dir() else "not a .txt file"
    try:
        text = decode(read_bytes(file), file, options.encoding).strip()
    except DataError as exc:
        if options.encoding is not None:  # which may be wrong for all of them
            raise
        return str(exc).removeprefix(f"{file} ")
    return check_text(text) or Example(text, file.parent.name, f"{file.parent.name}/{file.name}")


def _check_used(name: str, found: Iterable[_Found], bad: list[BadRow]) -> None:
    if any(part.examples for part in found):
        return
    lines = [line.removeprefix(f"{name}, ") for line in describe_bad_rows(bad)]
    raise DataError(
        f"{name} has no row that can be used: {'; '.join(lines[:3]) or 'it is empty'}"
        + (f"; {save_as_utf8(name)}" if any(row.reason == NOT_UTF8 for row in bad) else "")
    )


def _check_related(by_file: Mapping[Path, set[str]], options: ReadOptions) -> None:
    """See that files share labels: those of other tasks are not one set."""

    def keys(labels: set[str]) -> set[str]:
        return {label_key(options.label_map.get(label, label), options) for label in labels}

    (first, labels), *others = ((file, found) for file, found in by_file.items() if found)
    for file, other in others:
        if keys(labels).isdisjoint(keys(other)):
            shown, also = (", ".join(map(repr, sorted(found)[:10])) for found in (labels, other))
            raise DataError(
                f"{first} and {file} have no label in common ({shown} and {also}): rename those of "
                "one (--label-map), or train on one of them"
            )
