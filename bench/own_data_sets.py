"""The sets that `bench.own_data` measures on: their publishers' splits, or fixed ones."""

import csv
import gzip
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

Row = tuple[str, str]  # text and label

MAX_TEST_ROWS = 4_000


@dataclass(frozen=True, slots=True)
class Split:
    """Texts and labels to train on and to measure with; no text is on both sides."""

    train_texts: list[str]
    train_labels: list[str]
    test_texts: list[str]
    test_labels: list[str]


def _split(train: Iterable[Row], test: Iterable[Row]) -> Split:
    train = list(train)
    known = {text.strip() for text, _ in train}
    test = [row for row in test if row[0].strip() not in known]
    random.Random(0).shuffle(test)
    test = test[:MAX_TEST_ROWS]
    return Split(*map(list, zip(*train, strict=True)), *map(list, zip(*test, strict=True)))


def _part(rows: Iterable[Row], share: float) -> Split:
    """Hold out a fixed share of rows."""
    distinct = list(dict(rows).items())
    random.Random(0).shuffle(distinct)
    count = round(share * len(distinct))
    return _split(distinct[count:], distinct[:count])


def _json_lines(path: Path, text: str, label: str) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [(row[text], str(row[label])) for row in rows]


def _few(rows: list[Row], count: int) -> list[Row]:
    """Return the first rows of a fixed shuffle, as many of each label."""
    rows = list(rows)
    random.Random(1).shuffle(rows)
    labels = sorted({label for _, label in rows})
    each = count // len(labels)
    return [row for label in labels for row in [r for r in rows if r[1] == label][:each]]


def _trec(data_dir: Path) -> Split:
    def read(name: str) -> list[Row]:
        lines = (data_dir / "trec" / name).read_text("latin-1").splitlines()
        parts = [line.split(" ", 1) for line in lines if line.strip()]
        return [(text, kind.split(":")[0]) for kind, text in parts]

    return _split(read("train.label"), read("test.label"))


def _banking(data_dir: Path) -> Split:
    def read(name: str) -> list[Row]:
        with (data_dir / "banking77" / name).open(newline="", encoding="utf-8") as file:
            return [
                (row["text"], row["category"])
                for row in csv.DictReader(file)
                if row["text"] and row["category"]
            ]

    return _split(read("train.csv"), read("test.csv"))


def _sms(data_dir: Path) -> Split:
    lines = (data_dir / "sms_spam" / "SMSSpamCollection").read_text("utf-8").splitlines()
    return _part([(text, label) for label, text in (line.split("\t", 1) for line in lines)], 0.2)


def _surnames(data_dir: Path) -> Split:
    files = sorted((data_dir / "names_by_language").glob("*.txt"))
    rows = [(name, file.stem) for file in files for name in file.read_text("utf-8").split("\n")]
    return _part([row for row in rows if row[0].strip()], 0.2)


def _imdb(data_dir: Path, *, count: int) -> Split:
    folder = data_dir / "imdb"
    train = _json_lines(folder / "train.jsonl.gz", "text", "label")
    return _split(_few(train, count), _json_lines(folder / "test.jsonl.gz", "text", "label"))


def _sst2(data_dir: Path, *, count: int) -> Split:
    def read(name: str) -> list[Row]:
        lines = (data_dir / "sst2" / name).read_text("utf-8").splitlines()
        return [(text, label) for text, label in (line.rsplit("\t", 1) for line in lines)]

    return _split(_few(read("train.tsv"), count), read("test.tsv"))


def _french(data_dir: Path, *, name: str, count: int) -> Split:
    path = data_dir / "french_reviews" / f"{name}_train.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        first = json.loads(file.readline())
    text = next(key for key in ("text", "review", "review_body") if key in first)
    label = next(key for key in ("label", "polarity", "stars") if key in first)
    split = _part(_json_lines(path, text, label), 0.3)
    train = _few(list(zip(split.train_texts, split.train_labels, strict=True)), count)
    return _split(train, zip(split.test_texts, split.test_labels, strict=True))


SETS: dict[str, Callable[[Path], Split]] = {
    "imdb-50": partial(_imdb, count=50),
    "imdb-200": partial(_imdb, count=200),
    "imdb-1000": partial(_imdb, count=1000),
    "sst2-100": partial(_sst2, count=100),
    "sst2-500": partial(_sst2, count=500),
    "trec": _trec,
    "banking77": _banking,
    "sms-spam": _sms,
    "surnames": _surnames,
    "french-films": partial(_french, name="allocine", count=2000),
    "french-products": partial(_french, name="amazon", count=6000),
}
"""By name: what reads a set from the folder of data."""
