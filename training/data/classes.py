"""The classes of labelled texts: their order, and those with too few texts to be held out."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from training.data.labelled_rows import Example, Labelled
from training.data.splits import Key
from training.errors import DataError

log = logging.getLogger(__name__)

MIN_TESTED_TEXTS = 5  # distinct ones of a class, so that some can be held out


def sorted_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Return labels sorted, by value if all are whole numbers."""
    try:
        return tuple(sorted(labels, key=int))
    except ValueError:
        return tuple(sorted(labels))


def shown(labels: Iterable[str]) -> str:
    """Return the first ten labels, for a message."""
    labels = sorted_labels(labels)
    more = f" and {len(labels) - 10:,} more" if len(labels) > 10 else ""
    return ", ".join(repr(label[:40]) for label in labels[:10]) + more


def _texts_of(parts: Sequence[Labelled], key: Key) -> dict[str, set[str]]:
    """Return the distinct texts of each label, training texts only."""
    texts: dict[str, set[str]] = defaultdict(set)
    for example in (example for part in parts for example in part.train):
        texts[example.label].add(key(example.text))
    return texts


def without_small(parts: Sequence[Labelled], fewest: int, *, key: Key) -> list[Labelled]:
    """Leave out the classes with fewer texts, as was asked for."""
    texts = _texts_of(parts, key)
    small = {label for label, found in texts.items() if len(found) < fewest}

    def is_small(example: Example) -> bool:
        return example.label in small

    noun = "class" if len(small) == 1 else "classes"
    reason = f"of {len(small):,} {noun} with fewer than {fewest} distinct texts"
    for split in ("train", "validation", "test"):
        parts = [part.without(split, is_small, reason=reason) for part in parts]
    return list(parts)


def without_unlearned(parts: Sequence[Labelled], labels: Iterable[str]) -> list[Labelled]:
    """Leave out held-out rows of classes that no training row has: no answer to them is right."""
    learned = frozenset(labels)
    unknown = {row.label for part in parts for row in part.held_out} - learned

    def is_unknown(example: Example) -> bool:
        return example.label in unknown

    for split in ("validation", "test"):
        reason = f"{split} rows of a class without training rows: {shown(unknown)}"
        parts = [part.without(split, is_unknown, reason=reason) for part in parts]
    return list(parts)


def check_splits(splits: Mapping[str, Mapping[str, int]], small: frozenset[str]) -> None:
    """See that every class can be learned, and say which are not in a split that others are in.

    Args:
        splits: Rows of each label by split, "train" among them.
        small: Classes of which nothing was to be held out.

    Raises:
        DataError: Training lacks a class, or another split has but one.
    """
    for split, counts in splits.items():
        absent = [label for label, count in counts.items() if not count]
        if split == "train" and absent:
            raise DataError(
                f"the train split has no row of {shown(absent)}: add rows of it, or change the "
                "share that is held out"
            )
        if len(counts) - len(absent) < 2:
            raise DataError(
                f"the {split} split has rows of fewer than two classes, none of {shown(absent)}: "
                "add rows, or leave its file out, so that rows are held out of the others"
            )
        if missed := [label for label in absent if label not in small]:
            log.info("learned, but not in the %s split: %s", split, shown(missed))


def small_classes(
    parts: Sequence[Labelled], labels: tuple[str, ...], *, key: Key
) -> frozenset[str]:
    """Return the classes of which nothing can be held out, and say so.

    Raises:
        DataError: If these are the greater part.
    """
    texts = _texts_of(parts, key)
    small = frozenset(label for label in labels if len(texts[label]) < MIN_TESTED_TEXTS)
    num_rows, num_small = (sum(len(texts[label]) for label in chosen) for chosen in (labels, small))
    if len(labels) - len(small) < 2 or 2 * num_small > num_rows:
        first = min(small, default="")
        raise DataError(
            f"{len(small):,} of {len(labels):,} classes have fewer than {MIN_TESTED_TEXTS} "
            f"distinct texts: {shown(small)} ({first!r} has {len(texts[first])}). Add rows, or "
            "see whether the right column was named as the label"
        )
    if small:
        log.info(
            "learned but not tested, with fewer than %d distinct texts: %s (--drop-classes-under "
            "leaves such classes out)",
            *(MIN_TESTED_TEXTS, shown(small)),
        )
    return small
