"""What was read, what was left out, and why: the account that every loader gives of its data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby, islice

MAX_PLACES = 10  # line numbers shown of one kind of bad row
MAX_BAD_LINES = 50  # of a source
MAX_LABELS = 100  # of a split that are told
MAX_LABEL_CHARS = 40
MAX_CONFLICTS = 3  # texts with several labels that are shown


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out.

    Args:
        file: The file as the caller named it.
        line: Its first line in that file, counted from 1.
        reason: What is wrong with it, e.g. "empty text".
        unit: What `line` counts: lines, or the rows of a file that has none.
    """

    file: str
    line: int
    reason: str
    unit: str = "line"


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source's account.

    Args:
        name: The set's name or the path, as the caller gave it.
        rows_read: Rows found, bad ones included.
        bad_rows: Every row that was left out because it could not be used.
        dropped: Good rows left out on purpose: reason to number of rows.
        notes: What else a reader of the figures should know.
        unit: What a row is called.
    """

    name: str
    rows_read: int
    bad_rows: tuple[BadRow, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unit: str = "row"

    def lines(self) -> list[str]:
        """Describe the source for people, one fact a line."""
        bad = f", {len(self.bad_rows):,} bad and left out" if self.bad_rows else ""
        return [
            f"{self.name}: {counted(self.rows_read, self.unit)} read{bad}",
            *self._bad_lines(),
            *(f"  dropped {count:,}: {reason}" for reason, count in self.dropped.items() if count),
            *(f"  note: {note}" for note in self.notes),
        ]

    def _bad_lines(self) -> list[str]:
        lines = describe_bad_rows(self.bad_rows)
        more = len(lines) - MAX_BAD_LINES
        return [
            *(f"  bad: {line}" for line in lines[:MAX_BAD_LINES]),
            *([f"  bad: {more:,} more files or reasons"] if more > 0 else []),
        ]


@dataclass(frozen=True, slots=True)
class DataReport:
    """The account of everything that one load read.

    Args:
        sources: One report a source, in the order asked for.
        splits: Split name ("train", "validation", "test imdb") to label to number of rows. For
            generation there are no labels: the one entry is "documents".
        conflicts: Texts that were found with more than one label, described; they are kept.
    """

    sources: tuple[SourceReport, ...]
    splits: Mapping[str, Mapping[str, int]]
    conflicts: tuple[str, ...] = ()

    @property
    def bad_rows(self) -> tuple[BadRow, ...]:
        """Every bad row of every source."""
        return tuple(row for source in self.sources for row in source.bad_rows)

    @property
    def num_dropped(self) -> int:
        """Good rows of all sources that were left out on purpose."""
        return sum(sum(source.dropped.values()) for source in self.sources)

    def lines(self) -> list[str]:
        """Describe the data for people, one fact a line."""
        lines = [line for source in self.sources for line in source.lines()]
        for split, counts in self.splits.items():
            shares = _shares(counts)
            total = f"{counted(sum(counts.values()), 'row')}: " if len(counts) > 1 else ""
            if any(counts.values()):
                lines.append(f"{split}: {total}{shares}")
        if self.conflicts:
            shown = "; ".join(self.conflicts[:MAX_CONFLICTS])
            more = len(self.conflicts) - MAX_CONFLICTS
            lines.append(
                f"texts with several labels, kept with each: {len(self.conflicts):,}, such as "
                f"{shown}{f' and {more:,} more' if more > 0 else ''}"
            )
        return lines


def _shares(counts: Mapping[str, int]) -> str:
    """Return the rows of the first labels, each in a few letters: a text may stand for a label."""
    first = [
        f"{count:,} {' '.join(label.split())[:MAX_LABEL_CHARS]}"
        for label, count in islice(counts.items(), MAX_LABELS)
    ]
    more = len(counts) - MAX_LABELS
    rest = sum(counts.values()) - sum(islice(counts.values(), MAX_LABELS))
    return ", ".join(first) + (f" and {rest:,} rows of {more:,} more labels" if more > 0 else "")


def describe_bad_rows(bad_rows: Iterable[BadRow]) -> list[str]:
    """Gather bad rows by file and reason, with the first few line numbers of each."""

    def kind(row: BadRow) -> tuple[str, str, str]:
        return row.file, row.reason, row.unit

    lines = []
    for (file, reason, unit), rows in groupby(sorted(bad_rows, key=kind), key=kind):
        places = [row.line for row in rows]
        shown = ", ".join(str(line) for line in places[:MAX_PLACES])
        more = f" and {len(places) - MAX_PLACES:,} more" if len(places) > MAX_PLACES else ""
        where = f"{unit} {shown}" if len(places) == 1 else f"{unit}s {shown}{more}"
        lines.append(f"{file}, {where}: {reason}")
    return lines
