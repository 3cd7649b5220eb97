"""Readers of the named labelled sets, in the layout that `training.sources` gives.

Each returns a `Labelled`: the splits that the publisher made, the rest left for the caller to make.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from training import sources
from training.reports import BadRow
from training.splits import Example, distinct, exact_key

SENTIMENT = ("negative", "positive")
HELD_OUT_SHARE = 0.1  # test share of the named sets that come without a test split


@dataclass(frozen=True, slots=True)
class Labelled:
    """One source of labelled texts.

    Args:
        name: As the caller named it.
        train: The training rows, and any that no split was published for.
        validation: The published validation split, or None.
        test: The published test split, or None.
        test_share: Share of `train` to hold out as a test split where none was published.
        split_seed: Seed of that split; None takes the caller's.
        bad_rows: Rows that could not be used.
        dropped: Good rows left out on purpose: reason to number of rows.
        notes: What a reader of the figures should know.
    """

    name: str
    train: list[Example]
    validation: list[Example] | None = None
    test: list[Example] | None = None
    test_share: float = 0.0
    split_seed: int | None = None
    bad_rows: tuple[BadRow, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def rows_read(self) -> int:
        """Rows found, those left out included."""
        good = sum(len(rows or ()) for rows in (self.train, self.validation, self.test))
        return good + len(self.bad_rows) + sum(self.dropped.values())


def read_labelled(name: str) -> Labelled:
    """Read a named labelled set.

    Args:
        name: A key of `READERS`.

    Raises:
        DataError: If its files can neither be found nor fetched.
    """
    return READERS[name](sources.folder(name))


def _read_imdb(folder: Path) -> Labelled:
    return Labelled(
        name="imdb",
        train=_read_reviews(folder / "train.jsonl.gz"),
        test=_read_reviews(folder / "test.jsonl.gz"),
    )


def _read_reviews(path: Path) -> list[Example]:
    with gzip.open(path) as lines:
        rows = [json.loads(line) for line in lines]
    return [Example(row["text"], SENTIMENT[row["label"]], row["id"]) for row in rows]


def _read_sst2(folder: Path) -> Labelled:
    phrases = gzip.decompress((folder / "phrases_train.tsv.gz").read_bytes()).decode()
    return Labelled(
        name="sst2",
        train=[
            *_read_sentences(phrases, has_header=True),
            *_read_sentences((folder / "train.tsv").read_text("utf-8")),
        ],
        validation=_read_sentences((folder / "dev.tsv").read_text("utf-8")),
        test=_read_sentences((folder / "test.tsv").read_text("utf-8")),
    )


def _read_sentences(text: str, *, has_header: bool = False) -> list[Example]:
    """Parse lines of sentence, tab, 0 or 1; quotes are part of the sentence."""
    rows = [line.split("\t") for line in text.rstrip("\n").split("\n")[has_header:]]
    return [Example(sentence.strip(), SENTIMENT[int(label)]) for sentence, label in rows]


def _read_rt_polarity(folder: Path) -> Labelled:
    examples = [
        Example(line.strip(), label)
        for label in SENTIMENT
        for line in _lines(folder / f"rt-polarity.{label[:3]}")
    ]
    return Labelled(name="rt_polarity", train=examples, test_share=HELD_OUT_SHARE, split_seed=0)


def _read_names_by_language(folder: Path) -> Labelled:
    found = [
        Example(line.strip(), path.stem)
        for path in sorted(folder.glob("*.txt"))
        for line in _lines(path)
    ]
    examples, num_repeats = distinct(found, key=exact_key)
    return Labelled(
        name="names_by_language",
        train=examples,
        test_share=HELD_OUT_SHARE,
        split_seed=0,
        dropped={"repeats of a name in one language": num_repeats},
        notes=(
            "a name of several languages is kept once for each, all on one side of every split",
        ),
    )


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").split("\n") if line.strip()]


READERS: dict[str, Callable[[Path], Labelled]] = {
    "imdb": _read_imdb,
    "sst2": _read_sst2,
    "rt_polarity": _read_rt_polarity,
    "names_by_language": _read_names_by_language,
}
