"""How good a tagger is: accuracy of words and, of BIO labels, F1 of whole spans."""

from collections import Counter
from collections.abc import Sequence

Span = tuple[str, int, int]


def spans_of(labels: Sequence[str]) -> set[Span]:
    """Return the spans of BIO labels: name, first word, word behind the last one.

    An `I-X` that nothing begins is no span, as in seqeval's strict mode.
    """
    found: set[Span] = set()
    name, start = "", -1
    for place, label in enumerate([*labels, "O"]):
        kind, _, this = label.partition("-")
        if start >= 0 and not (kind == "I" and this == name):
            found.add((name, start, place))
            start = -1
        if kind == "B":
            name, start = this, place
    return found


def tag_figures(
    gold: Sequence[Sequence[str]], found: Sequence[Sequence[str]], scheme: str
) -> dict[str, float]:
    """Return `accuracy` over words, `macro_f1` over labels and, of BIO labels, `span_f1`."""
    pairs = [pair for one, two in zip(gold, found, strict=True)
             for pair in zip(one, two, strict=True)]  # fmt: skip
    right = Counter(label for label, got in pairs if label == got)
    wanted, told = Counter(label for label, _ in pairs), Counter(got for _, got in pairs)
    scores = [2 * right[label] / (wanted[label] + told[label]) for label in wanted]
    figures = {"accuracy": sum(right.values()) / len(pairs), "macro_f1": sum(scores) / len(scores)}
    if scheme == "bio":
        both = [(spans_of(one), spans_of(two)) for one, two in zip(gold, found, strict=True)]
        hits = sum(len(one & two) for one, two in both)
        total = sum(len(one) + len(two) for one, two in both)
        figures["span_f1"] = 2 * hits / total if total else 1.0
    return figures
