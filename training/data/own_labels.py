"""Labels of a person's own files: renamed as asked, and several writings of one made one."""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from training.data.labelled_rows import Example, Labelled
from training.data.own_files import ReadOptions
from training.data.reports import counted
from training.errors import DataError


def written_label(value: object) -> str | None:
    """Return a label as CSV would have it; "" if there is none, None if it can be none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | Decimal):
        value = float(value)
        if math.isnan(value):  # how pandas writes that there is none
            return ""
        if math.isinf(value):
            return None
        return str(int(value) if value.is_integer() else value)
    if value is None or isinstance(value, str | int):
        return str("" if value is None else value).strip()
    return None


def settle_labels(part: Labelled, options: ReadOptions) -> Labelled:
    """Rename labels as the caller asked, then take those that differ only in writing as one.

    Raises:
        DataError: If a label to be renamed is nowhere.
    """
    counts = Counter(example.label for example in (*part.train, *part.held_out))
    names = _mapped(part.name, counts, options)
    if not options.exact_labels:
        mapped: Counter[str] = Counter()
        for label, count in counts.items():
            mapped[names[label]] += count
        one = one_writing(mapped)
        names = {label: one[name] for label, name in names.items()}
        part = replace(part, notes=(*part.notes, *_told(mapped, one)))
    if all(label == name for label, name in names.items()):
        return part
    return replace(
        part,
        train=_renamed(part.train, names),
        validation=part.validation and _renamed(part.validation, names),
        test=part.test and _renamed(part.test, names),
    )


def _mapped(source: str, counts: Mapping[str, int], options: ReadOptions) -> dict[str, str]:
    """Return the new name of each label; one that is renamed is so in all its writings."""
    renamed = {label_key(old, options): new for old, new in options.label_map.items()}
    known = {label_key(label, options) for label in counts}
    unknown = [old for old in options.label_map if label_key(old, options) not in known]
    if unknown:
        shown = ", ".join(repr(label[:40]) for label in sorted(counts)[:20])
        raise DataError(
            f"{source} has no label {unknown[0]!r}, which --label-map renames; its labels are: "
            f"{shown}"
        )
    return {
        label: options.label_map.get(label, renamed.get(label_key(label, options), label))
        for label in counts
    }


def label_key(label: str, options: ReadOptions) -> str:
    """Return what two writings of a label have in common, where they are to be one."""
    return label if options.exact_labels else _key(label)


def one_writing(counts: Mapping[str, int]) -> dict[str, str]:
    """Return the most frequent writing of each label; of equals, the first by letters."""
    groups: dict[str, list[str]] = defaultdict(list)
    for label in sorted(counts):
        groups[_key(label)].append(label)
    return {
        label: _shortest_number(max(group, key=lambda writing: counts[writing]), group)
        for group in groups.values()
        for label in group
    }


def _key(label: str) -> str:
    """Return what labels have in common that differ only in case, spaces or as `1` and `1.0`."""
    text = " ".join(unicodedata.normalize("NFC", label).casefold().split())
    whole, point, zeros = text.partition(".")
    is_whole = point and zeros and not zeros.strip("0") and whole.lstrip("+-").isdecimal()
    return whole if is_whole else text


def _shortest_number(chosen: str, group: Iterable[str]) -> str:
    """Return a whole number without its point where the group has both."""
    return min(group, key=len) if _key(chosen).lstrip("+-").isdecimal() else chosen


def _told(counts: Mapping[str, int], one: Mapping[str, str]) -> list[str]:
    """Say which labels were taken as one."""
    others: dict[str, list[str]] = defaultdict(list)
    for label, chosen in one.items():
        if label != chosen:
            others[chosen].append(label)
    return [
        f"taken as {chosen!r}: "
        + ", ".join(f"{label!r} ({counted(counts[label], 'row')})" for label in labels)
        + " (--exact-labels keeps them apart)"
        for chosen, labels in others.items()
    ]


def _renamed(examples: list[Example], names: Mapping[str, str]) -> list[Example]:
    return [example._replace(label=names[example.label]) for example in examples]
