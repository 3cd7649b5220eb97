"""Splits of labelled texts: hold some out, and keep what is held out away from training.

Everything here goes by a text's key, so that copies of one text never end up on both sides.
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

Key = Callable[[str], str]

_NOT_LETTER_OR_DIGIT = re.compile(r"[\W_]+")


class Example(NamedTuple):
    """One text with its label, and the place it was read from, e.g. "line 12"."""

    text: str
    label: str
    place: str = ""


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
    examples: Sequence[Example], share: float, *, seed: int, key: Key
) -> tuple[list[Example], list[Example]]:
    """Split examples in two, the same share of every class, all copies of a text on one side.

    Args:
        examples: What to split; the order is kept on both sides.
        share: Of each class's distinct texts to hold out, at least one text (0 to 1).
        seed: The same seed gives the same split of the same examples.
        key: What makes two texts copies. A text with several labels goes by its first.

    Returns:
        What is kept and what is held out.
    """
    class_of: dict[str, str] = {}
    keys = [key(example.text) for example in examples]
    for example, text_key in zip(examples, keys, strict=True):
        class_of.setdefault(text_key, example.label)
    by_class: dict[str, list[str]] = defaultdict(list)
    for text_key, label in class_of.items():
        by_class[label].append(text_key)
    held = {text_key for label in by_class for text_key in _sample(by_class[label], share, seed)}
    sides: tuple[list[Example], list[Example]] = ([], [])
    for example, text_key in zip(examples, keys, strict=True):
        sides[text_key in held].append(example)
    return sides


def _sample(texts: list[str], share: float, seed: int) -> list[str]:
    return random.Random(seed).sample(texts, max(1, round(share * len(texts))))


def drop_copies(
    examples: Iterable[Example], held: Collection[str], *, key: Key
) -> tuple[list[Example], int]:
    """Leave out the examples whose key is in `held`; return the rest and how many went."""
    examples = list(examples)
    kept = [example for example in examples if key(example.text) not in held]
    return kept, len(examples) - len(kept)


def distinct(examples: Iterable[Example], *, key: Key) -> tuple[list[Example], int]:
    """Keep the first of each text and label; return the rest and how many repeats went."""
    examples = list(examples)
    first: dict[tuple[str, str], Example] = {}
    for example in examples:
        first.setdefault((key(example.text), example.label), example)
    return list(first.values()), len(examples) - len(first)


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
