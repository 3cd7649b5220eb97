"""Text for training a generator, as documents, split, free of leaks, and accounted for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from model_store.manifest import Dataset
from training import published, sources
from training.reports import DataReport, SourceReport
from training.splits import Example, exact_key, hold_out


@dataclass(frozen=True, slots=True)
class CorpusData:
    """What a generator is trained, chosen and measured on.

    Args:
        train: Documents to train on; a single long text is one document.
        validation: Documents to choose by.
        test: Documents to measure on; may be empty.
        prompts: The only prompts that the documents begin with; empty for free text.
        datasets: The same for the manifest.
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
    prompts: tuple[str, ...] = ()
    rows_read: int = 0


def load_corpus(
    source: str, *, validation_split: float = 0.1, lines: bool = False, seed: int = 0
) -> CorpusData:
    """Read a text corpus and split it."""
    splits = READERS[source](sources.folder(source), validation_split, seed)
    return _assemble(source, splits)


def _read_tiny_shakespeare(folder: Path, _share: float, _seed: int) -> _Splits:
    text = (folder / "input.txt").read_text("utf-8")
    cut = len(text) * 9 // 10
    return _Splits(train=[text[:cut]], validation=[text[cut:]], test=[text[cut:]])


def _read_names(folder: Path, share: float, seed: int) -> _Splits:
    names = (folder / "names.txt").read_text("utf-8").split()
    return _split_names([Example(name, "") for name in dict.fromkeys(names)], share, seed)


def _read_names_by_language(folder: Path, share: float, seed: int) -> _Splits:
    return _split_names(published.READERS["names_by_language"](folder).train, share, seed)


def _split_names(names: Sequence[Example], share: float, seed: int) -> _Splits:
    rest, test = hold_out(names, published.HELD_OUT_SHARE, seed=0, key=exact_key)
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
        prompts=tuple(sorted({name.label for name in names if name.label})),
        rows_read=len(names),
    )


READERS: dict[str, Callable[[Path, float, int], _Splits]] = {
    "tiny_shakespeare": _read_tiny_shakespeare,
    "names": _read_names,
    "names_by_language": _read_names_by_language,
}


def _assemble(source: str, splits: _Splits) -> CorpusData:
    named = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    origin = sources.SETS[source]
    return CorpusData(
        train=splits.train,
        validation=splits.validation,
        test=splits.test,
        prompts=splits.prompts,
        datasets=tuple(
            Dataset(
                name=source,
                split=split,
                rows=len(documents) if len(documents) > 1 else len(documents[0]),
                source=origin.url,
                licence=origin.licence,
            )
            for split, documents in named.items()
            if documents
        ),
        report=DataReport(
            sources=(SourceReport(name=source, rows_read=splits.rows_read),),
            splits={split: {"documents": len(documents)} for split, documents in named.items()},
        ),
    )
