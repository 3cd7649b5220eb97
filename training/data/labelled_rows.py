"""What every reader of labelled texts returns, before anything is split."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Self

from training.data.reports import BadRow


class Example(NamedTuple):
    """One text with its label, and the place it was read from, e.g. "line 12"."""

    text: str
    label: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One source of labelled texts.

    Args:
        name: As the caller named it.
        train: The training rows, and any that no split was published for.
        validation: The validation split, or None where one has to be made.
        test: The test split, or None.
        is_named: Whether this is a named set, not the user's own.
        test_share: Share of `train` to hold out where there is no test split and the caller asks
            for none.
        family: Sets of one family hold the same sentences in different tokenisations.
        sha256: Checksum of the file, if it is one file.
        bad_rows: Rows that could not be used.
        dropped: Good rows left out on purpose: reason to number of rows.
        notes: What a reader of the figures should know.
    """

    name: str
    train: list[Example]
    validation: list[Example] | None = None
    test: list[Example] | None = None
    is_named: bool = True
    test_share: float = 0.0
    family: str = ""
    sha256: str | None = None
    bad_rows: tuple[BadRow, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def held_out(self) -> list[Example]:
        """Validation and test rows."""
        return [*(self.validation or ()), *(self.test or ())]

    @property
    def rows_read(self) -> int:
        """Rows found, those left out included."""
        good = len(self.train) + len(self.held_out)
        return good + len(self.bad_rows) + sum(self.dropped.values())

    def without(
        self,
        split: Literal["train", "validation", "test"],
        is_unwanted: Callable[[Example], bool],
        *,
        reason: str,
    ) -> Self:
        """Return the same source less the unwanted rows of a split, counted under `reason`."""
        rows = getattr(self, split) or []
        kept = [row for row in rows if not is_unwanted(row)]
        if len(kept) == len(rows):
            return self
        dropped = {**self.dropped, reason: len(rows) - len(kept)}
        changes: dict[str, Any] = {split: kept, "dropped": dropped}
        return replace(self, **changes)
