"""Text for training a generator: documents, split, free of leaks, and accounted for.

A source is a named set (`tiny_shakespeare`, `names`, `names_by_language`, `imdb`, `ptb`,
`wikitext2`) or the path of the user's own UTF-8 text file or folder of .txt files.
"""

import functools
import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from model_store.manifest import Dataset
from training.data import named_set_readers, named_sets
from training.data.labelled_rows import Example
from training.data.own_documents import OwnText, read_own_text
from training.data.reports import DataReport, SourceReport
from training.data.splits import NAMED_SPLIT_SEED, exact_key, hold_out
from training.errors import DataError, meant

END_OF_LINE = "<eos>"
# Held out of a large set for validation, and as many for test: enough for a steady figure.
MAX_HELD_OUT_DOCUMENTS = 2000


@dataclass(frozen=True, slots=True)
class CorpusData:
    """What a generator is trained, chosen and measured on.

    Args:
        train: Documents to train on; a single long text is one document.
        validation: Documents to choose by.
        test: Documents to measure on; empty for the user's own text.
        prompts: The only prompts that documents begin with, each followed by ":"; empty for free
            text.
        datasets: The same for the manifest; a split of one document counts its characters.
        report: What was read and left out.
    """

    train: list[str]
    validation: list[str]
    test: list[str]
    prompts: tuple[str, ...]
    datasets: tuple[Dataset, ...]
    report: DataReport


@dataclass(frozen=True, slots=True)
class _Splits:
    train: list[str]
    validation: list[str]
    test: list[str]
    report: SourceReport
    prompts: tuple[str, ...] = ()
    sha256: str | None = None


def load_corpus(
    source: str,
    *,
    validation_split: float = 0.1,
    lines: bool = False,
    encoding: str | None = None,
    seed: int = 0,
) -> CorpusData:
    """Read text for a generator and split it.

    Published splits are kept; for `tiny_shakespeare`, the usual last tenth is validation and test
    at once. Names are split by distinct name, a tenth for test, the same ones whatever the seed.
    Of `imdb`, reviews without a label are used too, those of its test split never.

    Args:
        source: A named set or a path.
        validation_split: Share to hold out where there is no validation split: of the documents,
            or the end of a single text. At most 2,000 documents of `imdb`.
        lines: Take each line of the user's own file as a document, not the whole as one.
        encoding: What the user's own text is encoded in; None to find out.
        seed: Seed of the validation splits that are made here.

    Returns:
        The splits with their account.

    Raises:
        DataError: If the source cannot be read or fetched, or leaves a split empty.
    """
    if not 0 < validation_split < 1:
        raise DataError(f"the validation split is a share between 0 and 1, not {validation_split}")
    if source in READERS:
        splits = named_sets.read(
            source, lambda folder: READERS[source](folder, validation_split, seed)
        )
    elif Path(source).exists():
        text = read_own_text(Path(source), lines=lines, encoding=encoding)
        splits = _split_own(text, validation_split, seed)
    else:
        raise DataError(
            f"{source!r} is no named set of texts ({', '.join(READERS)}) and no file or folder"
            f"{meant(source, READERS)}"
        )
    if not any(text.strip() for text in splits.train) or not any(
        text.strip() for text in splits.validation
    ):
        raise DataError(
            f"{source} is too short, or has too few different documents, to hold "
            f"{validation_split:.0%} of it out for validation: name a longer text"
        )
    return _assemble(source, splits)


def _read_tiny_shakespeare(folder: Path, _share: float, _seed: int) -> _Splits:
    path = folder / "input.txt"
    text = path.read_text("utf-8")
    cut = len(text) * 9 // 10
    return _Splits(
        train=[text[:cut]],
        validation=[text[cut:]],
        test=[text[cut:]],
        report=SourceReport(
            name="tiny_shakespeare",
            rows_read=text.count("\n"),
            notes=("the last tenth is both validation and test, as is usual for this text",),
        ),
    )


def _read_names(folder: Path, share: float, seed: int) -> _Splits:
    found = (folder / "names.txt").read_text("utf-8").split()
    names = [Example(name, label="") for name in dict.fromkeys(found)]
    dropped = {"repeats of a name": len(found) - len(names)}
    report = SourceReport(name="names", rows_read=len(found), dropped=dropped)
    return _split_names(names, share, seed, report=report)


def _read_names_by_language(folder: Path, share: float, seed: int) -> _Splits:
    labelled = named_set_readers.READERS["names_by_language"](folder)
    report = SourceReport(
        name=labelled.name,
        rows_read=labelled.rows_read,
        dropped=labelled.dropped,
        notes=labelled.notes,
    )
    return _split_names(labelled.train, share, seed, report=report)


def _split_names(
    names: Sequence[Example], share: float, seed: int, *, report: SourceReport
) -> _Splits:
    rest, test = hold_out(
        names, named_set_readers.HELD_OUT_SHARE, seed=NAMED_SPLIT_SEED, key=exact_key
    )
    train, validation = hold_out(rest, share, seed=seed, key=exact_key)

    def documents(examples: Sequence[Example]) -> list[str]:
        return [
            f"{example.label}:{example.text}" if example.label else example.text
            for example in examples
        ]

    return _Splits(
        train=documents(train),
        validation=documents(validation),
        test=documents(test),
        report=report,
        prompts=tuple(sorted({name.label for name in names if name.label})),
    )


def _read_imdb(folder: Path, share: float, seed: int) -> _Splits:
    found = [
        text
        for file in ("train.jsonl.gz", named_set_readers.UNLABELLED["imdb"])
        for text in named_set_readers.read_reviews(folder / file)
    ]
    key = functools.cache(exact_key)
    first: dict[str, str] = {}
    for text in found:
        first.setdefault(key(text), text)
    tested = {exact_key(text) for text in named_set_readers.read_reviews(folder / "test.jsonl.gz")}
    reviews = [Example(text, label="") for text in first.values() if key(text) not in tested]
    capped = min(share, MAX_HELD_OUT_DOCUMENTS / len(reviews))
    rest, test = hold_out(reviews, capped, seed=NAMED_SPLIT_SEED, key=key)
    train, validation = hold_out(rest, capped, seed=seed, key=key)
    return _Splits(
        train=[example.text for example in train],
        validation=[example.text for example in validation],
        test=[example.text for example in test],
        report=SourceReport(
            name="imdb",
            rows_read=len(found),
            dropped={
                "repeats of a review": len(found) - len(first),
                "also in the labelled test split": len(first) - len(reviews),
            },
            notes=(
                "reviews with and without labels; the test split here is held out of these, no "
                "review of the labelled test split is in any",
            ),
        ),
    )


def _read_ptb(folder: Path, _share: float, _seed: int) -> _Splits:
    return _read_word_level("ptb", [folder / f"ptb.{s}.txt.gz" for s in ("train", "valid", "test")])


def _read_wikitext2(folder: Path, _share: float, _seed: int) -> _Splits:
    files = [folder / f"wiki.{split}.tokens.gz" for split in ("train", "valid", "test")]
    return _read_word_level("wikitext2", files)


def _read_word_level(name: str, files: Sequence[Path]) -> _Splits:
    """Read published splits of words; the end of each line, blank ones too, is a word."""
    splits = [gzip.decompress(path.read_bytes()).decode().split("\n")[:-1] for path in files]
    train, validation, test = (
        " ".join(word for line in lines for word in (*line.split(), END_OF_LINE))
        for lines in splits
    )
    return _Splits(
        train=[train],
        validation=[validation],
        test=[test],
        report=SourceReport(name=name, rows_read=sum(len(lines) for lines in splits)),
    )


READERS: dict[str, Callable[[Path, float, int], _Splits]] = {
    "tiny_shakespeare": _read_tiny_shakespeare,
    "names": _read_names,
    "names_by_language": _read_names_by_language,
    "imdb": _read_imdb,
    "ptb": _read_ptb,
    "wikitext2": _read_wikitext2,
}


def _split_own(text: OwnText, share: float, seed: int) -> _Splits:
    if text.is_running:
        train, validation = _cut(text.documents[0], share)
    else:
        documents = [Example(document, label="") for document in text.documents]
        train, validation = (
            [example.text for example in side]
            for side in hold_out(documents, share, seed=seed, key=exact_key)
        )
    return _Splits(
        train=train, validation=validation, test=[], report=text.report, sha256=text.sha256
    )


def _cut(text: str, share: float) -> tuple[list[str], list[str]]:
    """Cut the end off a text, after the next line break if one is near."""
    cut = round(len(text) * (1 - share))
    line_end = text.find("\n", cut, cut + max(1, len(text) // 100)) + 1
    cut = line_end or cut
    return [text[:cut]], [text[cut:]]


def _assemble(source: str, splits: _Splits) -> CorpusData:
    named = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    origin = named_sets.SETS[source] if source in READERS else None
    return CorpusData(
        train=splits.train,
        validation=splits.validation,
        test=splits.test,
        prompts=splits.prompts,
        datasets=tuple(
            Dataset(
                name=source if origin else Path(source).name,
                split=split,
                rows=len(documents) if len(documents) > 1 else len(documents[0]),
                source=origin.home if origin else "",
                licence=origin.licence if origin else "",
                sha256=splits.sha256,
            )
            for split, documents in named.items()
            if documents
        ),
        report=DataReport(
            sources=(splits.report,),
            splits={
                split: {"documents": len(documents)}
                if len(splits.train) > 1
                else {"characters": sum(map(len, documents))}
                for split, documents in named.items()
            },
        ),
    )
