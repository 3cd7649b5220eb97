"""Splits of labelled texts: hold some out, and keep what is held out away from training.

Texts are compared by a key, so that copies of one text never end up on both sides.
"""

import functools
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from training.data.labelled_rows import Example, Labelled

Key = Callable[[str], str]
HoldOut = Callable[..., tuple[list[Example], list[Example]]]

# The test split of a named set that comes without one is the same rows in every run.
NAMED_SPLIT_SEED = 0
# Long enough that two sentences rarely share such a run by chance: of 10,662 Rotten Tomatoes
# sentences, 2,561 are found in the SST-2 dev and test sentences with it, 2,111 by letters alone.
NUM_RUN_WORDS = 6

_NOT_LETTER_OR_DIGIT = re.compile(r"[\W_]+")
_WORD = re.compile(r"[^\W_]+")


def exact_key(text: str) -> str:
    """Return the text with each run of white space as one space."""
    return " ".join(text.split())


def loose_key(text: str) -> str:
    """Return only the text's letters and digits, in lower case.

    For sets that hold the same sentences tokenised in different ways. A text without any letter
    or digit keeps its exact key: ":)" and ":(" are two texts.
    """
    return _NOT_LETTER_OR_DIGIT.sub("", text).lower() or exact_key(text)


def hold_out(
    examples: Sequence[Example],
    share: float,
    *,
    seed: int,
    key: Key,
    never_held: frozenset[str] = frozenset(),
) -> tuple[list[Example], list[Example]]:
    """Split examples in two, the same share of every class, all copies of a text on one side.

    Args:
        examples: What to split; the order is kept on both sides.
        share: Of each class's distinct texts to hold out, at least one text (0 to 1).
        seed: The same seed gives the same split of the same examples.
        key: What makes two texts copies. A text with several labels goes by its first.
        never_held: Labels of which no text is held out.

    Returns:
        What is kept and what is held out.
    """
    class_of: dict[str, str] = {}
    for example in examples:
        class_of.setdefault(key(example.text), example.label)
    by_class: dict[str, list[str]] = defaultdict(list)
    for text_key, label in class_of.items():
        by_class[label].append(text_key)
    held = {
        text_key
        for label in by_class
        if label not in never_held
        for text_key in _sample(by_class[label], share, seed)
    }
    sides: tuple[list[Example], list[Example]] = ([], [])
    for example in examples:
        sides[key(example.text) in held].append(example)
    return sides


def _sample(texts: list[str], share: float, seed: int) -> list[str]:
    return random.Random(seed).sample(texts, max(1, round(share * len(texts))))


def distinct(examples: Iterable[Example], *, key: Key) -> list[Example]:
    """Keep the first of each text and label."""
    first: dict[tuple[str, str], Example] = {}
    for example in examples:
        first.setdefault((key(example.text), example.label), example)
    return list(first.values())


def shares_run(held: Iterable[Example]) -> Callable[[Example], bool]:
    """Return a test for sharing `NUM_RUN_WORDS` words in a row with any held-out example.

    This finds parts of a held-out sentence, and the sentence tokenised in another way.
    """
    held_runs = {run for example in held for run in _runs(example.text)}
    return lambda example: not held_runs.isdisjoint(_runs(example.text))


def _runs(text: str) -> list[str]:
    words = _WORD.findall(text.lower())
    starts = range(len(words) - NUM_RUN_WORDS + 1)
    return [" ".join(words[start : start + NUM_RUN_WORDS]) for start in starts]


def split_sources(
    parts: Sequence[Labelled],
    *,
    validation_split: float,
    test_split: float,
    seed: int,
    key: Key,
    never_held: frozenset[str] = frozenset(),
) -> list[Labelled]:
    """Give every source a validation split, and a test split where asked for, free of leaks.

    Published test splits are never changed. Rows that are also in any source's test split are
    dropped from validation and training, those also in any validation split from training. Within
    a family, so are training rows that share a run of words with another's held-out rows.

    Args:
        parts: The sources as read.
        validation_split: Share to hold out where there is no validation split.
        test_split: Share to hold out where there is no test split; 0 takes the set's own.
        seed: Seed of the splits that are made here.
        key: What makes two texts copies.
        never_held: Labels of which no text is held out.
    """
    hold = functools.partial(hold_out, key=key, never_held=never_held)
    parts = [_with_test(part, test_split, seed=seed, hold=hold) for part in parts]
    tested = {key(example.text) for part in parts for example in part.test or ()}

    def is_tested(example: Example) -> bool:
        return key(example.text) in tested

    parts = [part.without("train", is_tested, reason="also in a test split") for part in parts]
    parts = [
        _with_validation(part, validation_split, seed=seed, hold=hold).without(
            "validation", is_tested, reason="validation rows also in a test split"
        )
        for part in parts
    ]
    validated = {key(example.text) for part in parts for example in part.validation or ()}

    def is_validated(example: Example) -> bool:
        return key(example.text) in validated

    parts = [
        part.without("train", is_validated, reason="also in a validation split") for part in parts
    ]
    return [_without_relatives(part, parts) for part in parts]


def _with_test(part: Labelled, share: float, *, seed: int, hold: HoldOut) -> Labelled:
    share = share or part.test_share
    if part.test is not None or not share:
        return part
    split_seed = NAMED_SPLIT_SEED if part.is_named else seed
    train, test = hold(part.train, share, seed=split_seed)
    return replace(part, train=train, test=test)


def _with_validation(part: Labelled, share: float, *, seed: int, hold: HoldOut) -> Labelled:
    if part.validation is not None:
        return part
    train, validation = hold(part.train, share, seed=seed)
    return replace(part, train=train, validation=validation)


def _without_relatives(part: Labelled, parts: Sequence[Labelled]) -> Labelled:
    others = [
        example
        for other in parts
        if part.family and other.family == part.family and other is not part
        for example in other.held_out
    ]
    if not others:
        return part
    reason = f"shares {NUM_RUN_WORDS} words in a row with a held-out row of its sister set"
    return part.without("train", shares_run(others), reason=reason)


def conflicting_labels(examples: Iterable[Example], *, key: Key) -> list[str]:
    """Describe each text that occurs with more than one label."""
    found: dict[str, dict[str, Example]] = defaultdict(dict)
    for example in examples:
        found[key(example.text)].setdefault(example.label, example)
    return [_describe(labels) for labels in found.values() if len(labels) > 1]


def _describe(labels: dict[str, Example]) -> str:
    text = exact_key(next(iter(labels.values())).text)
    shown = text if len(text) <= 40 else text[:39] + "…"
    places = ", ".join(
        f"{label} ({example.place})" if example.place else label
        for label, example in labels.items()
    )
    return f"{shown!r}: {places}"
