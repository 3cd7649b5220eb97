"""Labelled texts for training a classifier, split, free of leaks, and accounted for.

A source is a named set (`imdb`, `sst2`, `rt_polarity`, `names_by_language`) or the path of the
user's own file or folder. Several are joined when their labels agree: training rows together,
validation rows together, each test split by itself. A text that is in any validation or test
split is never trained on, whichever source it came from.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from model_store.manifest import Dataset
from training import published
from training.errors import DataError
from training.published import Labelled
from training.reports import DataReport, SourceReport
from training.sources import SETS
from training.splits import (
    Example,
    Key,
    conflicting_labels,
    drop_copies,
    exact_key,
    hold_out,
    loose_key,
)

# Both hold the same sentences, tokenised in different ways.
_RETOKENIZED = frozenset({"sst2", "rt_polarity"})


@dataclass(frozen=True, slots=True)
class Rows:
    """One split: texts and their class ids, of the same length."""

    texts: list[str]
    labels: list[int]

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True)
class ClassificationData:
    """What a classifier is trained, chosen and measured on.

    Args:
        labels: Class names; the index is the class id.
        train: Rows to train on.
        validation: Rows to choose by.
        tests: Rows to measure on, by source name; the user's own rows are "user". May be empty.
        datasets: The same for the manifest.
        report: What was read and left out.
    """

    labels: tuple[str, ...]
    train: Rows
    validation: Rows
    tests: dict[str, Rows]
    datasets: tuple[Dataset, ...]
    report: DataReport


def load_classification(
    sources: Sequence[str],
    *,
    text_column: str = "text",
    label_column: str = "label",
    validation_split: float = 0.2,
    test_split: float = 0.0,
    seed: int = 0,
    min_rows_per_class: int = 5,
) -> ClassificationData:
    """Read labelled texts and split them.

    Published splits are kept. Where there is no validation split, one is held out of the training
    rows; where there is no test split, `test_split` of the rows is (the named sets without one
    hold out a tenth, the same rows whatever the seed). Held-out splits have each class's share,
    and all copies of a text are on one side.

    Args:
        sources: Named sets or paths, at least one.
        text_column: Column of the text in the user's own file.
        label_column: Column of the label in the user's own file.
        validation_split: Share of the training rows to hold out for validation.
        test_split: Share of rows to hold out for test.
        seed: Seed of the splits that are made here.
        min_rows_per_class: Fewest training rows that a class may have.

    Returns:
        The splits with their account.

    Raises:
        DataError: If a source cannot be read or fetched, the labels of two sources differ, there
            are fewer than two classes, or a class or split has too few rows.
    """
    parts = [published.read_labelled(name) for name in sources]
    labels = _common_labels(parts)
    key = loose_key if _RETOKENIZED.intersection(sources) else exact_key
    parts = _split(parts, validation_split, test_split, seed=seed, key=key)
    _check_sizes(parts, labels, min_rows_per_class)
    return _assemble(parts, labels, key)


def _common_labels(parts: Sequence[Labelled]) -> tuple[str, ...]:
    return tuple(sorted({example.label for part in parts for example in part.train}))


def _split(
    parts: Sequence[Labelled],
    validation_split: float,
    test_split: float,
    *,
    seed: int,
    key: Key,
) -> list[Labelled]:
    parts = [_with_test(part, test_split, seed=seed, key=key) for part in parts]
    tested = {key(example.text) for part in parts for example in part.test or ()}
    parts = [_without(part, "train", tested, "also in a test split", key=key) for part in parts]
    parts = [_with_validation(part, validation_split, seed=seed, key=key) for part in parts]
    parts = [
        _without(part, "validation", tested, "validation rows also in a test split", key=key)
        for part in parts
    ]
    validated = {key(example.text) for part in parts for example in part.validation or ()}
    return [
        _without(part, "train", validated, "also in a validation split", key=key) for part in parts
    ]


def _with_test(part: Labelled, share: float, *, seed: int, key: Key) -> Labelled:
    share = share or part.test_share
    if part.test is not None or not share:
        return part
    split_seed = seed if part.split_seed is None else part.split_seed
    train, test = hold_out(part.train, share, seed=split_seed, key=key)
    return replace(part, train=train, test=test)


def _with_validation(part: Labelled, share: float, *, seed: int, key: Key) -> Labelled:
    if part.validation is not None:
        return part
    train, validation = hold_out(part.train, share, seed=seed, key=key)
    return replace(part, train=train, validation=validation)


def _without(part: Labelled, split: str, held: set[str], reason: str, *, key: Key) -> Labelled:
    rows, num_dropped = drop_copies(getattr(part, split), held, key=key)
    dropped = {**part.dropped, reason: num_dropped} if num_dropped else part.dropped
    return replace(part, **{split: rows, "dropped": dropped})  # type: ignore[arg-type]


def _check_sizes(parts: Sequence[Labelled], labels: tuple[str, ...], min_rows: int) -> None:
    counts = Counter(example.label for part in parts for example in part.train)
    for label in labels:
        if counts[label] < min_rows:
            raise DataError(f"class {label!r} has {counts[label]} training rows, under {min_rows}")


def _assemble(parts: Sequence[Labelled], labels: tuple[str, ...], key: Key) -> ClassificationData:
    ids = {label: index for index, label in enumerate(labels)}

    def rows(examples: Iterable[Example]) -> Rows:
        examples = list(examples)
        return Rows(
            texts=[example.text for example in examples],
            labels=[ids[example.label] for example in examples],
        )

    train = [example for part in parts for example in part.train]
    validation = [example for part in parts for example in part.validation or ()]
    tests = {part.name: part.test for part in parts if part.test}
    splits = {
        "train": train,
        "validation": validation,
        **{f"test {name}": examples for name, examples in tests.items()},
    }
    return ClassificationData(
        labels=labels,
        train=rows(train),
        validation=rows(validation),
        tests={name: rows(examples) for name, examples in tests.items()},
        datasets=tuple(entry for part in parts for entry in _datasets(part)),
        report=DataReport(
            sources=tuple(_account(part) for part in parts),
            splits={name: _count(examples, labels) for name, examples in splits.items()},
            conflicts=tuple(conflicting_labels(train, key=key)),
        ),
    )


def _count(examples: Iterable[Example], labels: tuple[str, ...]) -> dict[str, int]:
    counts = Counter(example.label for example in examples)
    return {label: counts[label] for label in labels}


def _account(part: Labelled) -> SourceReport:
    return SourceReport(
        name=part.name,
        rows_read=part.rows_read,
        bad_rows=part.bad_rows,
        dropped=part.dropped,
        notes=part.notes,
    )


def _datasets(part: Labelled) -> list[Dataset]:
    origin = SETS[part.name]
    splits = {"train": part.train, "validation": part.validation, "test": part.test}
    return [
        Dataset(
            name=part.name,
            split=split,
            rows=len(rows),
            source=origin.url,
            licence=origin.licence,
        )
        for split, rows in splits.items()
        if rows
    ]
