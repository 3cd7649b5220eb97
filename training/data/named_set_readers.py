"""Readers of the named labelled sets, in the layout that `training.data.named_sets` gives."""

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from training.data import named_sets
from training.data.labelled_rows import Example, Labelled
from training.data.splits import (
    NAMED_SPLIT_SEED,
    distinct,
    exact_key,
    hold_out,
    loose_key,
    shares_run,
)

SENTIMENT = ("negative", "positive")
HELD_OUT_SHARE = 0.1  # test share of the named sets that come without a test split
MIN_SENTENCE_WORDS = 10
VADER_WORDS = "vader_sentiment_lexicon.txt"
CLEAR_RATING = 0.8
ROTTEN_TOMATOES = "Rotten Tomatoes"


def read_published(name: str) -> Labelled:
    """Read a named labelled set.

    Args:
        name: A key of `READERS`.

    Raises:
        DataError: If its files can neither be found nor fetched, or cannot be read.
    """
    return named_sets.read(name, READERS[name])


def read_unlabelled(name: str) -> list[str]:
    """Read the texts of a named set that nobody labelled.

    Args:
        name: A key of `UNLABELLED`.

    Raises:
        DataError: If its files can neither be found nor fetched, or cannot be read.
    """
    return named_sets.read(name, lambda folder: read_reviews(folder / UNLABELLED[name]))


def read_reviews(path: Path) -> list[str]:
    """Return the text of each row of a packed JSON Lines file."""
    with gzip.open(path) as lines:
        return [json.loads(line)["text"] for line in lines]


def _read_imdb(folder: Path) -> Labelled:
    return Labelled(
        name="imdb",
        train=_read_labelled(folder / "train.jsonl.gz"),
        test=_read_labelled(folder / "test.jsonl.gz"),
    )


def _read_labelled(path: Path) -> list[Example]:
    with gzip.open(path) as lines:
        rows = [json.loads(line) for line in lines]
    return [Example(row["text"], SENTIMENT[row["label"]], row["id"]) for row in rows]


def _read_sst2(folder: Path) -> Labelled:
    phrases = gzip.decompress((folder / "phrases_train.tsv.gz").read_bytes()).decode()
    train = _read_sentences(phrases, has_header=True)
    if not (folder / "test.tsv").exists():
        return _split_glue(train, (folder / "glue_dev.tsv").read_text("utf-8"))
    return Labelled(
        name="sst2",
        train=[*train, *_read_sentences((folder / "train.tsv").read_text("utf-8"))],
        validation=_read_sentences((folder / "dev.tsv").read_text("utf-8")),
        test=_read_sentences((folder / "test.tsv").read_text("utf-8")),
        family=ROTTEN_TOMATOES,
    )


def _split_glue(phrases: list[Example], dev: str) -> Labelled:
    """Split GLUE's form, whose test split has no labels.

    Its rows are sentences and their parts: validation is made of long ones, as long as the test
    sentences, and what shares words in a row with them is not trained on.
    """
    test = _read_sentences(dev, has_header=True)
    long = [row for row in phrases if len(row.text.split()) >= MIN_SENTENCE_WORDS]
    share = len(test) / len(long)
    _, validation = hold_out(long, share, seed=NAMED_SPLIT_SEED, key=loose_key)
    held = set(validation)
    train = [row for row in phrases if row not in held]
    labelled = Labelled(
        name="sst2",
        train=train,
        validation=validation,
        test=test,
        family=ROTTEN_TOMATOES,
        notes=(
            "GLUE's test split has no labels: its dev split is the test split here, and "
            "validation is held out of its training phrases",
        ),
    )
    reason = "shares words in a row with a validation phrase"
    return labelled.without("train", shares_run(validation), reason=reason)


def _read_sentences(text: str, *, has_header: bool = False) -> list[Example]:
    """Parse lines of sentence, tab, 0 or 1; quotes are part of the sentence."""
    rows = [line.split("\t") for line in text.rstrip("\n").split("\n")[has_header:]]
    return [Example(sentence.strip(), SENTIMENT[int(label)]) for sentence, label in rows]


def _read_rt_polarity(folder: Path) -> Labelled:
    return Labelled(
        name="rt_polarity",
        train=[
            Example(line, label)
            for label in SENTIMENT
            for line in _lines(folder / f"rt-polarity.{label[:3]}")
        ],
        test_share=HELD_OUT_SHARE,
        family=ROTTEN_TOMATOES,
    )


def _read_vader(folder: Path) -> Labelled:
    """Read sentences of product reviews and tweets, and words, that people rated from -4 to 4.

    Sentences alone are held out; what was rated near 0 is left out.
    """
    sentences = [
        (text, float(rating))
        for file in ("amazonReviewSnippets_GroundTruth.txt", "tweets_GroundTruth.txt")
        for _, rating, text in (line.split("\t", 2) for line in _lines(folder / file))
    ]
    words = [
        (word, float(rating))
        for word, rating, *_ in (line.split("\t") for line in _lines(folder / VADER_WORDS))
    ]
    rest, test = hold_out(_clear(sentences), HELD_OUT_SHARE, seed=NAMED_SPLIT_SEED, key=exact_key)
    rest, validation = hold_out(rest, HELD_OUT_SHARE, seed=NAMED_SPLIT_SEED, key=exact_key)
    train = [*rest, *_clear(words)]
    num_unclear = len(sentences) + len(words) - len(train) - len(validation) - len(test)
    return Labelled(
        name="vader",
        train=train,
        validation=validation,
        test=test,
        dropped={f"rated between -{CLEAR_RATING} and {CLEAR_RATING}": num_unclear},
    )


def _clear(rated: Sequence[tuple[str, float]]) -> list[Example]:
    return [
        Example(text, SENTIMENT[rating > 0])
        for text, rating in rated
        if abs(rating) >= CLEAR_RATING
    ]


def _read_names_by_language(folder: Path) -> Labelled:
    found = [
        Example(line, path.stem) for path in sorted(folder.glob("*.txt")) for line in _lines(path)
    ]
    names = distinct(found, key=exact_key)
    return Labelled(
        name="names_by_language",
        train=names,
        test_share=HELD_OUT_SHARE,
        dropped={"repeats of a name in one language": len(found) - len(names)},
        notes=(
            "a name of several languages is kept once for each, all on one side of every split",
        ),
    )


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text("utf-8").split("\n") if line.strip()]


READERS: dict[str, Callable[[Path], Labelled]] = {
    "imdb": _read_imdb,
    "sst2": _read_sst2,
    "rt_polarity": _read_rt_polarity,
    "vader": _read_vader,
    "names_by_language": _read_names_by_language,
}
UNLABELLED = {"imdb": "unsupervised.jsonl.gz"}
