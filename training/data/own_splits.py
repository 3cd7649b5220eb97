"""Splits that the names of a person's own files or folders tell.

`train.csv` and `test.csv`, `reviews_train.tsv`, `reviews.dev.csv`, `train-00000-of-00002.parquet`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

TRAIN = "train"
NAMES = {
    TRAIN: ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval"),
}
SHOWN = 5
_SHARD = re.compile(r"[-_.]\d+([-_.]of[-_.]\d+)?$")
_BETWEEN_WORDS = re.compile(r"[-_ ]+")


def split_of(path: Path) -> str | None:
    """Return the split that the first or last word of a name tells, or an ending; None if none."""
    stem, *endings = path.name.lower().split(".")
    words = _BETWEEN_WORDS.split(_SHARD.sub("", stem))
    told = {words[0], words[-1], *endings}
    return next((split for split, names in NAMES.items() if not told.isdisjoint(names)), None)


def splits_of(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the files of each split; without a training file among several, all are for that."""
    told = {file: split_of(file) for file in files}
    if TRAIN not in told.values() or len({*told.values()}) == 1:
        return {TRAIN: list(files)}
    splits: dict[str, list[Path]] = {TRAIN: []}
    for file, split in told.items():
        splits.setdefault(split or TRAIN, []).append(file)
    return splits


def describe_splits(
    splits: Mapping[str, Sequence[Path]], num_rows: Mapping[str, int]
) -> tuple[str, ...]:
    """Say of which files a split is, where names told several."""
    if len(splits) < 2:
        return ()
    return tuple(
        f"{split} split: {', '.join(file.name for file in files[:SHOWN])}"
        + (f" and {len(files) - SHOWN:,} more" if len(files) > SHOWN else "")
        + ("" if num_rows[split] else ", without a row that can be used: held out of the others")
        for split, files in splits.items()
    )
