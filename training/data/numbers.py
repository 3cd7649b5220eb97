"""Labelled numbers for training a classifier: sequences of rows, or inputs of a fixed size.

A source is a named set (`japanese_vowels`, `digits`) or the user's own file: `.npz` with `x`
(inputs, rows, features) or (inputs, features), `y` and, for rows that end early, `lengths`; JSON
lines of `values` and `label`; or a CSV with a line for each row, told by its `--id-column`. Nothing
is unpickled. What cannot be used is left out and told with its place.
"""

import csv
import json
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from model_store.manifest import Dataset
from training.data.named_sets import local_folder
from training.data.number_files import Example, Unusable, csv_examples, json_examples, npz_examples
from training.data.reports import BadRow, DataReport, SourceReport
from training.data.text_files import decode, file_sha256, read_bytes
from training.errors import DataError

NAMED = ("japanese_vowels", "digits")
DIGITS_SEED = 0
DIGITS_TEST_SHARE = 0.2
MIN_PER_CLASS = 5
VOWELS = "https://archive.ics.uci.edu/dataset/128/japanese+vowels"
DIGITS = "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"


@dataclass(frozen=True, slots=True)
class NumberRows:
    """One split: arrays (rows, features) float32, and their class ids, of the same length."""

    values: list[np.ndarray]
    labels: list[int]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class NumberData:
    """What a classifier of numbers is trained, chosen and measured on.

    Args:
        labels: Class names; the index is the class id.
        is_sequence: Whether inputs have rows, and not a fixed size.
        train: Inputs to train on.
        validation: Inputs to choose by.
        tests: Inputs to measure on, by source name; may be empty.
        datasets: The same for the manifest.
        report: What was read and left out.
    """

    labels: tuple[str, ...]
    is_sequence: bool
    train: NumberRows
    validation: NumberRows
    tests: dict[str, NumberRows]
    datasets: tuple[Dataset, ...]
    report: DataReport

    @property
    def num_features(self) -> int:
        """Numbers in a row."""
        return int(self.train.values[0].shape[1])


@dataclass(slots=True)
class _Source:
    name: str
    is_sequence: bool
    train: list[Example]
    test: list[Example] = field(default_factory=list)
    bad_rows: tuple[BadRow, ...] = ()
    source: str = ""
    licence: str = ""
    sha256: str | None = None


def are_numbers(source: str, *, id_column: str | None) -> bool:
    """Tell whether a source holds numbers, and not texts, by its name or its first line."""
    path = Path(source)
    if source in NAMED or path.suffix == ".npz" or id_column is not None:
        return True
    if not path.name.endswith((".jsonl", ".jsonl.gz", ".ndjson")) or not path.is_file():
        return False
    try:
        first = json.loads(decode(read_bytes(path), path).split("\n", 1)[0] or "null")
    except (OSError, ValueError):
        return False
    return isinstance(first, dict) and isinstance(first.get("values"), list)


def load_numbers(
    source: str,
    *,
    label_column: str = "label",
    id_column: str | None = None,
    time_column: str | None = None,
    validation_split: float = 0.1,
    test_split: float = 0.1,
    seed: int = 0,
    max_seq_len: int | None = None,
) -> NumberData:
    """Read labelled numbers and split them; held-out splits have each class's share.

    Args:
        source: A named set or a path.
        label_column: Column of the label in a CSV.
        id_column: Column of a CSV that tells which input a line belongs to.
        time_column: Column of a CSV that orders the lines of an input; as they stand if left out.
        validation_split: Share of the training inputs to hold out for validation.
        test_split: Share to hold out for test where no test split is published.
        seed: Seed of the splits that are made here.
        max_seq_len: Inputs with more rows are left out and told.

    Raises:
        DataError: The source cannot be read, or has too few inputs or classes.
    """
    columns = {"label": label_column, "id": id_column, "time": time_column}
    part = _without_odd(_read(source, columns), max_seq_len)
    labels = _labels_of(part)
    ids = {label: place for place, label in enumerate(labels)}
    train, test = part.train, part.test
    if not test and test_split:
        train, test = _split(train, test_split, seed=seed)
    train, validation = _split(train, validation_split, seed=seed)
    splits = {"train": train, "validation": validation, f"test {part.name}": test}
    name = part.name if part.name in NAMED else "user"
    return NumberData(
        labels,
        part.is_sequence,
        _rows(train, ids),
        _rows(validation, ids),
        {name: _rows(test, ids)} if test else {},
        _datasets(part, splits),
        DataReport(
            (SourceReport(part.name, _count(part), part.bad_rows, unit="input"),),
            {split: _by_label(rows, labels) for split, rows in splits.items() if rows},
        ),
    )


def _read(source: str, columns: Mapping[str, str | None]) -> _Source:
    if source == "digits":
        return _digits()
    if source == "japanese_vowels":
        return _japanese_vowels()
    path = Path(source)
    if not path.is_file():
        raise DataError(
            f"{source}: there is no such file, and no named set; {', '.join(NAMED)} are"
        )
    try:
        if path.suffix == ".npz":
            examples, is_sequence = npz_examples(path)
        elif columns["id"] is not None:
            examples, is_sequence = csv_examples(path, columns), True
        else:
            examples, is_sequence = json_examples(path)
    except (OSError, ValueError, zipfile.BadZipFile, csv.Error) as exc:
        raise DataError(f"{source}: it cannot be read as numbers: {exc}") from exc
    good = [one for one in examples if isinstance(one, Example)]
    bad = [BadRow(source, one.line, one.reason) for one in examples if isinstance(one, Unusable)]
    return _Source(source, is_sequence, good, bad_rows=tuple(bad), sha256=file_sha256(path))


def _digits() -> _Source:
    """Return scikit-learn's 1,797 handwritten digits of 8 x 8, a fifth of them for test."""
    found = load_digits()
    examples = [
        Example(np.asarray(image, np.float32)[None], str(label), place)
        for place, (image, label) in enumerate(zip(found.data, found.target, strict=True), 1)
    ]
    train, test = _split(examples, DIGITS_TEST_SHARE, seed=DIGITS_SEED)
    return _Source("digits", False, train, test, source=DIGITS, licence="CC BY 4.0 (UCI)")


def _japanese_vowels() -> _Source:
    """Return the publisher's split of speakers told apart by two vowels."""
    folder = local_folder("japanese_vowels", ("train.jsonl.gz", "test.jsonl.gz"))
    if folder is None:
        raise DataError(
            "japanese_vowels is not fetched: put the publisher's rows as JSON lines "
            '{"values": [[12 numbers], …], "label": "1"} into japanese_vowels/train.jsonl.gz and '
            f"test.jsonl.gz of the folder that DATA_DIR names ({VOWELS})"
        )
    parts = [json_examples(folder / f"{split}.jsonl.gz")[0] for split in ("train", "test")]
    train, test = ([one for one in part if isinstance(one, Example)] for part in parts)
    return _Source(
        "japanese_vowels",
        True,
        train,
        test,
        source=VOWELS,
        licence="CC BY 4.0 (UCI); cite Kudo, Toyama and Shimbo 1999",
    )


def _without_odd(part: _Source, max_seq_len: int | None) -> _Source:
    """Leave out inputs of another width than most, and those that are too long."""
    widths = Counter(one.values.shape[1] for one in (*part.train, *part.test))
    if not widths:
        raise DataError(f"{part.name}: it has no input that can be used{_first_reason(part)}")
    width = widths.most_common(1)[0][0]
    bad = list(part.bad_rows)

    def usable(one: Example) -> bool:
        reason = None
        if one.values.shape[1] != width:
            reason = f"{one.values.shape[1]} numbers in a row, the others have {width}"
        elif part.is_sequence and max_seq_len is not None and len(one.values) > max_seq_len:
            reason = f"{len(one.values)} rows, over --max-seq-len {max_seq_len}"
        if reason is not None:
            bad.append(BadRow(part.name, one.line, reason))
        return reason is None

    part.train = [one for one in part.train if usable(one)]
    part.test = [one for one in part.test if usable(one)]
    part.bad_rows = tuple(bad)
    return part


def _first_reason(part: _Source) -> str:
    return f" (line {part.bad_rows[0].line}: {part.bad_rows[0].reason})" if part.bad_rows else ""


def _labels_of(part: _Source) -> tuple[str, ...]:
    counts = Counter(one.label for one in (*part.train, *part.test))
    if len(counts) < 2:
        raise DataError(f"{part.name}: a classifier needs two labels or more, found {len(counts)}")
    for label, count in counts.items():
        if count < MIN_PER_CLASS:
            raise DataError(
                f"{part.name}: label {label[:40]!r} has {count} inputs; give at least "
                f"{MIN_PER_CLASS}, or leave them out"
            )
    are_whole = all(label.lstrip("-").isdecimal() for label in counts)
    return tuple(sorted(counts, key=int if are_whole else str))


def _split(
    examples: Sequence[Example], share: float, *, seed: int
) -> tuple[list[Example], list[Example]]:
    try:
        rest, held = train_test_split(
            list(examples),
            test_size=share,
            random_state=seed,
            stratify=[one.label for one in examples],
        )
    except ValueError as exc:
        raise DataError(f"{len(examples)} inputs are too few to hold out {share:g}: {exc}") from exc
    return rest, held


def _rows(examples: Sequence[Example], ids: Mapping[str, int]) -> NumberRows:
    return NumberRows([one.values for one in examples], [ids[one.label] for one in examples])


def _count(part: _Source) -> int:
    return len(part.train) + len(part.test) + len(part.bad_rows)


def _by_label(examples: Sequence[Example], labels: Sequence[str]) -> dict[str, int]:
    counts = Counter(one.label for one in examples)
    return {label: counts[label] for label in labels}


def _datasets(part: _Source, splits: Mapping[str, Sequence[Example]]) -> tuple[Dataset, ...]:
    name = part.name if part.name in NAMED else "user"
    return tuple(
        Dataset(
            name=name,
            split=split.partition(" ")[0],
            rows=len(rows),
            source=part.source,
            licence=part.licence,
            sha256=part.sha256,
        )
        for split, rows in splits.items()
        if rows
    )
