"""Labelled words for training a tagger: Universal Dependencies' files, and any CoNLL-shaped one.

A line a word, columns between tabs or spaces, an empty line between sentences; lines that begin
with `#`, and the `-DOCSTART-` of the CoNLL-2003 files, are no words. Of a CoNLL-U file multi-word
tokens (`1-2`) and empty nodes (`1.1`) are left out. A sentence that cannot be used is told with its
line.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.model_selection import train_test_split

from model_store.manifest import Dataset
from training.data import named_sets
from training.data.reports import BadRow, DataReport, SourceReport
from training.data.text_files import decode, file_sha256, read_bytes
from training.errors import DataError

UD = "ud_english_ewt"
UD_SPLITS = {"train": "train", "validation": "dev", "test": "test"}
UD_WORD, UD_UPOS = 1, 3
OUTSIDE = "O"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words and their labels, of the same length, and the first one's line in its file."""

    words: list[str]
    labels: list[str]
    line: int


@dataclass(frozen=True, slots=True)
class TaggedData:
    """What a tagger is trained, chosen and measured on.

    Args:
        labels: Names in order of letters.
        scheme: "bio" if labels are `O`, `B-X` and `I-X`, else "plain".
        train: Sentences to train on.
        validation: Sentences to choose by.
        test: Sentences to measure on; may be empty.
        datasets: The same for the manifest.
        report: What was read and left out.
    """

    labels: tuple[str, ...]
    scheme: str
    train: list[Sentence]
    validation: list[Sentence]
    test: list[Sentence]
    datasets: tuple[Dataset, ...]
    report: DataReport


def load_tagged(
    source: str,
    *,
    word_column: int = 1,
    label_column: int = -1,
    validation_split: float = 0.1,
    test_split: float = 0.1,
    seed: int = 0,
) -> TaggedData:
    """Read labelled words and split them by sentence.

    Args:
        source: `ud_english_ewt`, with the publisher's split, or a path.
        word_column: Number of the word's column, from 1.
        label_column: Number of the label's column, from 1; -1 is the last one.
        validation_split: Share of the training sentences to hold out where no split is published.
        test_split: Share to hold out for test, likewise.
        seed: Seed of the splits that are made here.

    Raises:
        DataError: The source cannot be read, or has too few sentences or labels.
    """
    bad: tuple[BadRow, ...] = ()
    origin: tuple[str, str, str | None]
    if source == UD:
        splits = named_sets.read(UD, _read_ud)
        origin = named_sets.SETS[UD].home, named_sets.SETS[UD].licence, None
    else:
        path = Path(source)
        if not path.is_file():
            raise DataError(f"{source}: no such file, and no named set; that is {UD}")
        sentences, bad = read_conll(path, word_column=word_column, label_column=label_column)
        splits = _split(source, sentences, validation_split, test_split, seed=seed)
        origin = "", "", file_sha256(path)
    labels, scheme = _labels_of(source, splits)
    return TaggedData(
        labels,
        scheme,
        splits["train"],
        splits["validation"],
        splits["test"],
        _datasets(UD if source == UD else "user", splits, origin),
        DataReport((_account(source, splits, bad),), {n: _counts(s) for n, s in splits.items()}),
    )


def read_conll(
    path: Path, *, word_column: int, label_column: int
) -> tuple[list[Sentence], tuple[BadRow, ...]]:
    """Read a file; return the sentences that can be used, and the others' lines and reasons.

    Raises:
        DataError: It has no sentence that can be used.
    """
    text = decode(read_bytes(path), path)
    sentences: list[Sentence] = []
    bad: list[BadRow] = []
    for first, lines in _blocks(text):
        found = _sentence(first, lines, word_column, label_column)
        if isinstance(found, Sentence):
            sentences.append(found)
        else:
            bad.append(BadRow(str(path), *found))
    if not sentences:
        why = f" (line {bad[0].line}: {bad[0].reason})" if bad else ""
        raise DataError(f"{path}: it has no sentence that can be used{why}")
    if any(label.startswith(("B-", "I-")) for one in sentences for label in one.labels):
        sentences = [one for one in sentences if _is_bio(one, str(path), bad)]
    return sentences, tuple(bad)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each sentence's first line number and its lines."""
    lines: list[str] = []
    first = 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.startswith("#") and not lines:
            continue
        if line.strip() and not line.startswith("-DOCSTART-"):
            first = first if lines else number
            lines.append(line)
        elif lines:
            yield first, lines
            lines = []


def _sentence(
    first: int, lines: Sequence[str], word_column: int, label_column: int
) -> Sentence | tuple[int, str]:
    """Return a sentence, or the line and the reason why it is left out."""
    words, labels = [], []
    for number, line in enumerate(lines, first):
        cells = line.split("\t") if "\t" in line else line.split()
        most = max(word_column, label_column)
        if len(cells) < max(2, most):
            return number, f"{len(cells)} columns, {max(2, most)} are needed"
        words.append(cells[word_column - 1].strip())
        labels.append(cells[label_column - 1 if label_column > 0 else label_column].strip())
        if not words[-1] or not labels[-1]:
            return number, "an empty word or label"
    return Sentence(words, labels, first)


def _is_bio(sentence: Sentence, path: str, bad: list[BadRow]) -> bool:
    """Tell whether every `I-X` goes on with what stands before it; note where it does not."""
    before = OUTSIDE
    for place, label in enumerate(sentence.labels):
        kind, _, name = label.partition("-")
        if label != OUTSIDE and (kind not in ("B", "I") or not name):
            reason = f"{label[:40]!r} is none of O, B-X and I-X: convert the file to BIO"
        elif kind == "I" and before not in (f"B-{name}", f"I-{name}"):
            reason = f"{label[:40]!r} after {before[:40]!r}: it must begin with B-{name[:40]}"
        else:
            before = label
            continue
        bad.append(BadRow(path, sentence.line + place, reason))
        return False
    return True


def _read_ud(folder: Path) -> dict[str, list[Sentence]]:
    """Read the publisher's three files, as published or packed."""
    splits = {}
    for split, file in UD_SPLITS.items():
        stem = folder / f"en_ewt-ud-{file}.conllu"
        path = stem if stem.is_file() else stem.with_name(f"{stem.name}.gz")
        text = decode(read_bytes(path), path)
        splits[split] = [_ud_sentence(first, lines) for first, lines in _blocks(text)]
    return splits


def _ud_sentence(first: int, lines: Sequence[str]) -> Sentence:
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    words = [row for row in rows if row[0].isdecimal()]
    return Sentence([row[UD_WORD] for row in words], [row[UD_UPOS] for row in words], first)


def _split(
    source: str, sentences: list[Sentence], validation: float, test: float, *, seed: int
) -> dict[str, list[Sentence]]:
    """Split by sentence; copies of one stay together."""
    groups: dict[tuple[str, ...], list[Sentence]] = {}
    for one in sentences:
        groups.setdefault(tuple(one.words), []).append(one)
    keys = list(groups)
    held: list[tuple[str, ...]] = []
    try:
        if test:
            keys, held = train_test_split(keys, test_size=test, random_state=seed)
        keys, chosen = train_test_split(keys, test_size=validation, random_state=seed)
    except ValueError as exc:
        raise DataError(f"{source}: {len(sentences)} sentences are too few: {exc}") from exc
    return {
        name: [one for key in part for one in groups[key]]
        for name, part in (("train", keys), ("validation", chosen), ("test", held))
    }


def _labels_of(source: str, splits: dict[str, list[Sentence]]) -> tuple[tuple[str, ...], str]:
    found = {label for part in splits.values() for one in part for label in one.labels}
    if len(found) < 2:
        raise DataError(f"{source}: a tagger needs two labels or more, found {len(found)}")
    is_bio = any(label.startswith("B-") for label in found)
    if is_bio:  # what begins in one split may go on in another
        names = {label.partition("-")[2] for label in found if label != OUTSIDE}
        found = {OUTSIDE, *(f"{kind}-{name}" for kind in "BI" for name in names)}
    return tuple(sorted(found)), "bio" if is_bio else "plain"


def _account(
    source: str, splits: dict[str, list[Sentence]], bad: tuple[BadRow, ...]
) -> SourceReport:
    read = sum(map(len, splits.values())) + len(bad)
    return SourceReport(source, read, bad, unit="sentence")


def _counts(sentences: Sequence[Sentence]) -> dict[str, int]:
    return dict(Counter("words" for one in sentences for _ in one.words))


def _datasets(
    name: str, splits: dict[str, list[Sentence]], origin: tuple[str, str, str | None]
) -> tuple[Dataset, ...]:
    source, licence, sha256 = origin
    return tuple(
        Dataset(
            name=name, split=split, rows=len(part), source=source, licence=licence, sha256=sha256
        )
        for split, part in splits.items()
        if part
    )
