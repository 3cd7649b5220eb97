"""What configurations with labels, or with numbers as input, check alike."""

from collections.abc import Sequence

from pydantic import AfterValidator

from model_store.golden import GoldenCase, NumbersCase


def check_distinct(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return labels; raises `ValueError` if two are the same."""
    if len(set(labels)) != len(labels):
        raise ValueError(f"labels must differ from each other, got {list(labels)}")
    return labels


Distinct = AfterValidator(check_distinct)


def check_probs(case: GoldenCase, labels: Sequence[str]) -> None:
    """Check that a golden case has one probability a label; raises `ValueError`."""
    if len(case.outputs) != len(labels):
        raise ValueError(f"{len(case.outputs)} outputs for {len(labels)} labels")


def check_width(case: GoldenCase, num_features: int, *, max_rows: int | None = None) -> None:
    """Check the shape of a golden case of numbers; raises `ValueError`."""
    assert isinstance(case, NumbersCase)
    if any(len(row) != num_features for row in case.rows):
        raise ValueError(f"its rows have {len(case.rows[0])} numbers, not {num_features}")
    if max_rows is not None and len(case.rows) > max_rows:
        raise ValueError(f"it has {len(case.rows)} rows, at most {max_rows} fit")
