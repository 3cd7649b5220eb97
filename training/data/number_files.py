"""The user's own files of labelled numbers: `.npz`, JSON lines, or a CSV with a line a row."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.data.text_files import decode, read_bytes


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """An input (rows, features) float32 with its label, and its line or place, from 1."""

    values: np.ndarray
    label: str
    line: int


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line or place that is left out, and why."""

    line: int
    reason: str


Read = list[Example | Unusable]


def npz_examples(path: Path) -> tuple[Read, bool]:
    """Read `x`, `y` and maybe `lengths`; return the inputs, and whether they have rows.

    Raises:
        ValueError: An array is missing, of another shape, or would have to be unpickled.
    """
    with np.load(path, allow_pickle=False) as arrays:
        missing = [name for name in ("x", "y") if name not in arrays]
        if missing:
            raise ValueError(f"array {missing[0]!r} is missing; it has {sorted(arrays)}")
        x, y = arrays["x"], arrays["y"]
        lengths = arrays.get("lengths")
    if x.ndim not in (2, 3) or len(x) != len(y) or y.ndim != 1:
        raise ValueError(
            f"x is {x.shape} and y {y.shape}; give (inputs, rows, features) or (inputs, features), "
            "and a label for each input"
        )
    if x.ndim == 2:
        return [_checked(row[None], str(label), place + 1)
                for place, (row, label) in enumerate(zip(x, y, strict=True))], False  # fmt: skip
    if lengths is None:
        lengths = np.full(len(x), x.shape[1])
    if lengths.shape != (len(x),):
        raise ValueError(f"lengths is {lengths.shape}; give one for each of {len(x)} inputs")
    rows = zip(x, y, lengths.tolist(), strict=True)
    return [
        _checked(values[: int(length)], str(label), place)
        for place, (values, label, length) in enumerate(rows, 1)
    ], True


def json_examples(path: Path) -> tuple[Read, bool]:
    """Read lines of `values` (a list of numbers, or of lists of them) and `label`."""
    text = decode(read_bytes(path), path)
    found: Read = []
    is_sequence = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            values, label = row["values"], row["label"]
            array = np.asarray(values, np.float32)
        except (ValueError, TypeError, KeyError) as exc:
            found.append(Unusable(number, f"no `values` and `label` of numbers ({exc})"))
            continue
        is_sequence |= array.ndim == 2
        found.append(_checked(array[None] if array.ndim == 1 else array, str(label), number))
    return found, is_sequence


def csv_examples(path: Path, columns: Mapping[str, str | None]) -> Read:
    """Read a CSV with a line for each row of an input; what is neither id, time nor label counts.

    Args:
        path: The file, with a header.
        columns: Names of the columns for "id", "label" and maybe "time".

    Raises:
        ValueError: A column is missing.
    """
    lines = csv.DictReader(io.StringIO(decode(read_bytes(path), path)))
    header = list(lines.fieldnames or ())
    wanted = {name for name in columns.values() if name is not None}
    if absent := sorted(wanted - set(header)):
        raise ValueError(f"column {absent[0]!r} is missing; it has {', '.join(header)}")
    features = [name for name in header if name not in wanted]
    if not features:
        raise ValueError("it has no column of numbers beside id, time and label")
    groups: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for row in lines:
        groups.setdefault(str(row[str(columns["id"])]), []).append((lines.line_num, row))
    return [_of_lines(group, features, columns) for group in groups.values()]


def _of_lines(
    group: Sequence[tuple[int, dict[str, Any]]],
    features: Sequence[str],
    columns: Mapping[str, str | None],
) -> Example | Unusable:
    first = group[0][0]
    label, time = str(columns["label"]), columns["time"]
    labels = {row[label] for _, row in group}
    if len(labels) > 1:
        return Unusable(first, f"several labels of one id: {', '.join(sorted(map(str, labels)))}")
    try:
        if time is not None:
            group = sorted(group, key=lambda one: float(one[1][time]))
        values = [[float(row[name]) for name in features] for _, row in group]
    except (TypeError, ValueError) as exc:
        return Unusable(first, f"a value is no number ({exc})")
    return _checked(np.asarray(values, np.float32), str(labels.pop()), first)


def _checked(values: np.ndarray, label: str, line: int) -> Example | Unusable:
    """Return an input that can be learned from, or why it is none."""
    if not label.strip() or label == "None":
        return Unusable(line, "no label")
    if values.ndim != 2 or values.size == 0:
        return Unusable(line, "no rows of numbers")
    array = np.asarray(values, np.float32)
    if not np.isfinite(array).all():
        return Unusable(line, "a value is NaN or infinite")
    return Example(array, label.strip(), line)
