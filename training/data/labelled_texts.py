"""Labelled texts for training a classifier: split, free of leaks, and accounted for.

A source is a named set (`imdb`, `sst2`, `rt_polarity`, `vader`, `phrasebook`, `names_by_language`)
or the path of the user's own file or folder (write `./names` for a folder with the name of a set);
all own files together are one source.
Several are joined when their labels agree: training rows together, validation rows together, each
test split by itself. A text that is in any validation or test split is never trained on, whichever
source it came from.
"""

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from model_store.manifest import Dataset
from training.data import named_set_readers, phrasebook
from training.data.classes import (
    check_splits,
    shown,
    small_classes,
    sorted_labels,
    without_small,
    without_unlearned,
)
from training.data.labelled_rows import Example, Labelled
from training.data.named_sets import SETS
from training.data.own_files import ReadOptions
from training.data.own_texts import read_own
from training.data.reports import DataReport, SourceReport, counted, describe_bad_rows
from training.data.splits import conflicting_labels, exact_key, loose_key, split_sources
from training.errors import DataError, meant

NAMED = (*named_set_readers.READERS, phrasebook.NAME)
USER = "user"  # name of the test split that is made of the user's own rows
DEFAULTS = ReadOptions()


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
        labels: Class names; the index is the class id. Whole numbers are in order of value,
            other names in order of letters.
        train: Rows to train on, in the order read.
        validation: Rows to choose by.
        tests: Rows to measure on, by source name; the user's own rows are "user". May be empty.
        sources: The training rows again, by source.
        datasets: The same for the manifest.
        report: What was read and left out.
    """

    labels: tuple[str, ...]
    train: Rows
    validation: Rows
    tests: dict[str, Rows]
    sources: dict[str, Rows]
    datasets: tuple[Dataset, ...]
    report: DataReport


def load_classification(
    sources: Sequence[str],
    *,
    options: ReadOptions = DEFAULTS,
    validation_split: float = 0.2,
    test_split: float = 0.0,
    seed: int = 0,
) -> ClassificationData:
    """Read labelled texts and split them.

    Published splits are kept. Where there is no validation split, one is held out of the training
    rows; where there is no test split, `test_split` of the rows is (the named sets without one
    hold out a tenth at least, the same rows whatever the seed). Held-out splits have each class's
    share, and all copies of a text are on one side. Of classes with fewer than `MIN_TESTED_TEXTS`
    distinct texts nothing is held out: they are learned, and neither chosen by nor measured.

    Args:
        sources: Named sets or paths, at least one.
        options: How the user's own files are read.
        validation_split: Share of the training rows to hold out for validation.
        test_split: Share of the rows to hold out for test.
        seed: Seed of the splits that are made here.

    Returns:
        The splits with their account.

    Raises:
        DataError: If a source cannot be read or fetched, the labels of two sources differ, there
            are fewer than two classes, most texts are of classes with too few, training lacks a
            class, or another split has but one.
    """
    _check_shares(validation_split, test_split)
    if not sources or len(set(sources)) < len(sources):
        raise DataError(f"name one or more sources, each once, not: {' '.join(sources)}")
    account = _Account(_read(sources, options))
    try:
        return _split(
            account,
            options,
            validation_split=validation_split,
            test_split=test_split,
            seed=seed,
        )
    except DataError as exc:
        raise DataError(f"{exc}{account}") from exc


@dataclass(slots=True)
class _Account:
    """The sources on their way; as text, which of their rows were left out up to here."""

    parts: list[Labelled]

    def __str__(self) -> str:
        bad = describe_bad_rows(row for part in self.parts for row in part.bad_rows)
        dropped = [
            f"{counted(count, 'row')}: {reason}"
            for part in self.parts
            for reason, count in part.dropped.items()
        ]
        lost = "; ".join([*bad[:3], *dropped[:3]])
        return f" (left out before: {lost})" if lost else ""


def _split(
    account: _Account,
    options: ReadOptions,
    *,
    validation_split: float,
    test_split: float,
    seed: int,
) -> ClassificationData:
    is_loose = any(part.family for part in account.parts)
    key = functools.cache(loose_key if is_loose else exact_key)
    if options.drop_classes_under:
        account.parts = without_small(account.parts, options.drop_classes_under, key=key)
    labels = _common_labels(account.parts)
    account.parts = without_unlearned(account.parts, labels)
    small = small_classes(account.parts, labels, key=key)
    conflicts = conflicting_labels(_all_examples(account.parts), key=key)
    account.parts = split_sources(
        account.parts,
        validation_split=validation_split,
        test_split=test_split,
        seed=seed,
        key=key,
        never_held=small,
    )
    data = _assemble(account.parts, labels, conflicts)
    check_splits(data.report.splits, small)
    return data


def _check_shares(validation_split: float, test_split: float) -> None:
    if not 0 < validation_split < 1:
        raise DataError(f"the validation split is a share between 0 and 1, not {validation_split}")
    if not 0 <= test_split < 1:
        raise DataError(f"the test split is a share from 0 up to 1, not {test_split}")


def _read(sources: Sequence[str], options: ReadOptions) -> list[Labelled]:
    """Read each named set, and all own files as one source, in the place of the first."""
    parts: list[Labelled] = []
    own = [source for source in sources if not _is_named(source)]
    for source in sources:
        if source in named_set_readers.READERS:
            parts.append(named_set_readers.read_published(source))
        elif source == phrasebook.NAME:
            parts.append(phrasebook.read_phrasebook())
        elif source == own[0]:
            parts.append(read_own([Path(each) for each in own], options))
    return parts


def _is_named(source: str) -> bool:
    if source in NAMED:
        return True
    if source in SETS:
        raise DataError(f"{source} has no labels: the sets with labels are {', '.join(NAMED)}")
    if not source or not Path(source).exists():
        raise DataError(
            f"{source!r} is no named set ({', '.join(NAMED)}) and no file or folder"
            f"{meant(source, NAMED)}"
        )
    return False


def _common_labels(parts: Sequence[Labelled]) -> tuple[str, ...]:
    found = [{example.label for example in part.train} for part in parts]
    for part, labels in zip(parts, found, strict=True):
        if labels != found[0]:
            raise DataError(
                f"the labels of {parts[0].name} ({shown(found[0])}) and {part.name} "
                f"({shown(labels)}) differ: rename those of your own file, or train on one source"
            )
    if len(found[0]) < 2:
        only = f"one class only, {shown(found[0])}" if found[0] else "no row to train on"
        raise DataError(f"{parts[0].name} has {only}: two or more classes are needed")
    return sorted_labels(found[0])


def _all_examples(parts: Sequence[Labelled]) -> Iterator[Example]:
    return (example for part in parts for example in (*part.train, *part.held_out))


def _assemble(
    parts: Sequence[Labelled], labels: tuple[str, ...], conflicts: Sequence[str]
) -> ClassificationData:
    train = [example for part in parts for example in part.train]
    validation = [example for part in parts for example in part.validation or ()]
    tests: dict[str, list[Example]] = defaultdict(list)
    for part in parts:
        if part.test:
            tests[part.name if part.is_named else USER] += part.test
    splits = {
        "train": train,
        "validation": validation,
        **{f"test {name}": examples for name, examples in tests.items()},
    }
    return ClassificationData(
        labels=labels,
        train=_rows(train, labels),
        validation=_rows(validation, labels),
        tests={name: _rows(examples, labels) for name, examples in tests.items()},
        sources={part.name: _rows(part.train, labels) for part in parts},
        datasets=tuple(entry for part in parts for entry in _datasets(part)),
        report=DataReport(
            sources=tuple(_account(part) for part in parts),
            splits={name: _count(examples, labels) for name, examples in splits.items()},
            conflicts=tuple(conflicts),
        ),
    )


def _rows(examples: Sequence[Example], labels: tuple[str, ...]) -> Rows:
    ids = {label: index for index, label in enumerate(labels)}
    return Rows(
        texts=[example.text for example in examples],
        labels=[ids[example.label] for example in examples],
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
    home, licence = _origin(part)
    splits = {"train": part.train, "validation": part.validation, "test": part.test}
    return [
        Dataset(
            name=part.name if part.is_named else Path(part.name).name,
            split=split,
            rows=len(rows),
            source=home,
            licence=licence,
            sha256=part.sha256,
        )
        for split, rows in splits.items()
        if rows
    ]


def _origin(part: Labelled) -> tuple[str, str]:
    """Return where a source comes from and its licence; the user's own say nothing."""
    if not part.is_named:
        return "", ""
    if part.name == phrasebook.NAME:
        return phrasebook.HOME, phrasebook.LICENCE
    return SETS[part.name].home, SETS[part.name].licence
