"""Sentence pairs for training a translator: split by source sentence, and accounted for.

They come from the named set `eng_fra` or from the user's own CSV, TSV or JSONL file with a column
for each language. A sentence often has several translations: they stay together, those of a
held-out sentence are its references, and no held-out sentence is trained on, in whatever case and
punctuation. Knows no tokens and no network.
"""

import gzip
import random
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from model_store.manifest import Dataset
from training.data import named_sets
from training.data.reports import BadRow, DataReport, SourceReport, counted, describe_bad_rows
from training.data.splits import NAMED_SPLIT_SEED, loose_key
from training.data.tables import SUFFIXES, check_text, is_numbered, is_table, read_rows
from training.data.text_files import file_sha256
from training.errors import DataError, meant

NUM_TEST_SENTENCES = 5000  # of the named set, the same ones whatever the seed
# Held out of a large set for validation: enough for a steady figure.
MAX_VALIDATION_SENTENCES = 1500
FEWEST_SENTENCES = 10


class Pair(NamedTuple):
    """A sentence and one translation."""

    source: str
    target: str


class Referenced(NamedTuple):
    """A held-out sentence with all its translations, at least one."""

    source: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairData:
    """What a translator is trained, chosen and measured on.

    Args:
        train: Pairs to train on; a sentence stands in as many as it has translations.
        validation: Sentences to choose by.
        test: Sentences to measure on; may be empty for the user's own pairs.
        languages: What is read and what is written.
        datasets: The same for the manifest.
        report: What was read and left out.
    """

    train: list[Pair]
    validation: list[Referenced]
    test: list[Referenced]
    languages: tuple[str, str]
    datasets: tuple[Dataset, ...]
    report: DataReport


@dataclass(frozen=True, slots=True)
class _Found:
    """Pairs as read, before anything is split."""

    pairs: list[Pair]
    languages: tuple[str, str]
    bad_rows: tuple[BadRow, ...] = ()
    sha256: str | None = None
    notes: tuple[str, ...] = ()


def load_pairs(
    source: str,
    *,
    source_column: str = "source",
    target_column: str = "target",
    validation_split: float = 0.1,
    test_split: float = 0.0,
    seed: int = 0,
) -> PairData:
    """Read sentence pairs and split them by source sentence.

    Args:
        source: `eng_fra` or a path.
        source_column: Column of what is read in the user's own file.
        target_column: Column of what is written in the user's own file.
        validation_split: Share of the distinct source sentences to hold out for validation, 1,500
            sentences at most.
        test_split: Share to hold out for test; `eng_fra` has its own 5,000 test sentences.
        seed: Seed of the splits that are made here.

    Returns:
        The splits with their account.

    Raises:
        DataError: If the source cannot be read or fetched, lacks a column, or is too short to be
            split.
    """
    _check_shares(validation_split, test_split)
    if source in READERS:
        found = named_sets.read(source, READERS[source])
    else:
        found = _read_own(source, source_column, target_column)
    return _Splitter(source, found, validation_split, test_split, seed).split()


def clean(text: str) -> str:
    """Return a sentence as tokenizers of the kind "cased" read it.

    Letters composed, apostrophes plain, each run of white space, no-break spaces too, one space.
    """
    composed = unicodedata.normalize("NFC", text)
    return " ".join(composed.replace("’", "'").replace("‘", "'").split())


def _check_shares(validation_split: float, test_split: float) -> None:
    if not 0 < validation_split < 1:
        raise DataError(f"the validation split is a share between 0 and 1, not {validation_split}")
    if not 0 <= test_split < 1 - validation_split:
        raise DataError(
            f"the test split is {test_split}: it is a share from 0 on that leaves something to "
            f"train on beside a validation split of {validation_split}"
        )


def _read_eng_fra(folder: Path) -> _Found:
    text = gzip.decompress((folder / "fra.txt.gz").read_bytes()).decode()
    rows = [line.split("\t") for line in text.splitlines() if line]
    pairs = [Pair(clean(source), clean(target)) for source, target in rows]
    notes = (
        "split by English sentence; some French sentences translate several English ones, so that "
        "a reference may also be a training target",
    )
    return _Found(pairs, ("en", "fr"), notes=notes)


READERS = {"eng_fra": _read_eng_fra}


def _read_own(source: str, source_column: str, target_column: str) -> _Found:
    path = Path(source)
    if not path.is_file():
        raise DataError(
            f"{source!r} is no named set of pairs ({', '.join(READERS)}) and no file"
            f"{meant(source, READERS)}"
        )
    if not is_table(path):
        raise DataError(f"{path}: sentence pairs are read from {', '.join(SUFFIXES)} files")
    if source_column == target_column:
        raise DataError(
            f"--source-column and --target-column both name {source_column!r}: name two columns"
        )
    pairs, bad = [], []
    columns = {"--source-column": source_column, "--target-column": target_column}
    for line, row in read_rows(path, columns):
        read = row if isinstance(row, str) else _pair(row, source_column, target_column)
        if isinstance(read, str):
            bad.append(BadRow(str(path), line, read, "row" if is_numbered(path) else "line"))
        else:
            pairs.append(read)
    if not pairs:
        problems = "; ".join(describe_bad_rows(bad)[:3]) or "it is empty"
        raise DataError(f"{path} has no row that can be used: {problems}")
    return _Found(pairs, (source_column, target_column), tuple(bad), file_sha256(path))


def _pair(row: Mapping[str, object], source_column: str, target_column: str) -> Pair | str:
    """Return the row's pair, or what is wrong with it."""
    sides = []
    for column in (source_column, target_column):
        value = row.get(column)
        if value is not None and not isinstance(value, str):
            return f"{column} is not a string"
        problem = check_text(text := clean(value or ""))
        if problem:
            return f"{column}: {problem}"
        sides.append(text)
    return Pair(*sides)


@dataclass(slots=True)
class _Splitter:
    """One source on its way to its splits."""

    name: str
    found: _Found
    validation_split: float
    test_split: float
    seed: int
    dropped: dict[str, int] = field(default_factory=dict)

    def split(self) -> PairData:
        """Hold sentences out, all writings of one on the same side; gather their references."""
        distinct = list(dict.fromkeys(self.found.pairs))
        self.dropped["repeats of a pair"] = len(self.found.pairs) - len(distinct)
        groups: dict[str, list[Pair]] = defaultdict(list)
        for pair in distinct:
            groups[loose_key(pair.source)].append(pair)
        test_keys, validation_keys = self._hold_out(list(groups))
        test, validation = (
            [self._referenced(groups.pop(key)) for key in keys]
            for keys in (test_keys, validation_keys)
        )
        train = [pair for group in groups.values() for pair in group]
        return self._assemble(train, validation, test)

    def _hold_out(self, keys: list[str]) -> tuple[list[str], list[str]]:
        """Return which sentences are for test and which for validation."""
        is_named = self.name in READERS
        num_test = round(self.test_split * len(keys))
        num_validation = min(round(self.validation_split * len(keys)), MAX_VALIDATION_SENTENCES)
        if is_named:
            num_test = num_test or min(NUM_TEST_SENTENCES, len(keys) // 3)
        if len(keys) < FEWEST_SENTENCES or not num_validation:
            raise DataError(
                f"{self.name} has {counted(len(keys), 'distinct source sentence')}, too few to "
                f"hold {self.validation_split:.0%} out for validation: name a file with more"
            )
        test = random.Random(NAMED_SPLIT_SEED if is_named else self.seed).sample(keys, num_test)
        tested = set(test)
        rest = [key for key in keys if key not in tested]
        return test, random.Random(self.seed).sample(rest, num_validation)

    def _referenced(self, group: Sequence[Pair]) -> Referenced:
        """Return the first writing of a sentence with its translations; other writings go."""
        first = group[0].source
        references = tuple(pair.target for pair in group if pair.source == first)
        reason = "a held-out sentence in other case or punctuation"
        self.dropped[reason] = self.dropped.get(reason, 0) + len(group) - len(references)
        return Referenced(first, references)

    def _assemble(
        self, train: list[Pair], validation: list[Referenced], test: list[Referenced]
    ) -> PairData:
        origin = named_sets.SETS.get(self.name) if self.name in READERS else None
        counts = {"train": len(train), "validation": len(validation), "test": len(test)}
        return PairData(
            train=train,
            validation=validation,
            test=test,
            languages=self.found.languages,
            datasets=tuple(
                Dataset(
                    name=self.name if origin else Path(self.name).name,
                    split=split,
                    rows=rows,
                    source=origin.home if origin else "",
                    licence=origin.licence if origin else "",
                    sha256=self.found.sha256,
                )
                for split, rows in counts.items()
                if rows
            ),
            report=self._report(train, {"validation": validation, "test": test}),
        )

    def _report(
        self, train: Sequence[Pair], held_out: Mapping[str, Sequence[Referenced]]
    ) -> DataReport:
        splits = {"train": {"pairs": len(train)}}
        for split, sentences in held_out.items():
            references = sum(len(sentence.references) for sentence in sentences)
            splits[split] = {f"sentences with {references:,} references": len(sentences)}
        source = SourceReport(
            name=self.name,
            rows_read=len(self.found.pairs) + len(self.found.bad_rows),
            bad_rows=self.found.bad_rows,
            dropped=self.dropped,
            notes=self.found.notes,
        )
        return DataReport(sources=(source,), splits=splits)
