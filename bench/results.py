"""One measurement, and what several rounds of it add up to."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

PERCENTILES = (50, 90, 99, 100)


@dataclass(frozen=True, slots=True)
class Key:
    """What was measured.

    Args:
        models: "reference" or "shipped".
        system: "service", "parity", "bare", "raw", or a variant of one.
        load: Such as "short" or "generate".
        clients: Connections or streams.
    """

    models: str
    system: str
    load: str
    clients: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One run; an item is a request, a text of a bulk request, or a token.

    Args:
        key: What was measured.
        per_s: Items per second.
        cpu_us: Processor time of all server processes for one item, in microseconds.
        latency_ms: Of whole requests, by percentile.
        first_ms: Of the first token, by percentile.
        gap_ms: Between two pieces of a stream, by percentile.
        errors: Requests that failed.
        client_share: Processor time of the load tool, in cores.
    """

    key: Key
    per_s: float
    cpu_us: float
    latency_ms: dict[int, float] = field(default_factory=dict)
    first_ms: dict[int, float] = field(default_factory=dict)
    gap_ms: dict[int, float] = field(default_factory=dict)
    errors: int = 0
    client_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of several rounds, with the lowest and highest."""

    value: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        """Sum up values, at least one."""
        return cls(median(values), min(values), max(values))


class Results:
    """All samples so far."""

    def __init__(self) -> None:
        """Start with none."""
        self.samples: list[Sample] = []

    def add(self, sample: Sample) -> None:
        """Take one in."""
        self.samples.append(sample)

    def keys(self) -> list[Key]:
        """Return what was measured, in the order of the first time."""
        return list(dict.fromkeys(sample.key for sample in self.samples))

    def of(self, key: Key) -> list[Sample]:
        """Return all rounds of one measurement, maybe none."""
        return [sample for sample in self.samples if sample.key == key]

    def figure(self, key: Key, name: str, percentile: int | None = None) -> Figure | None:
        """Sum up one attribute of a measurement; None where it was not taken.

        Args:
            key: The measurement.
            name: An attribute of `Sample`.
            percentile: Which one, if the attribute has several.
        """
        values = [getattr(sample, name) for sample in self.of(key)]
        if percentile is not None:
            values = [each[percentile] for each in values if percentile in each]
        return Figure.of(values) if values else None


def percentiles(values: Iterable[float]) -> dict[int, float]:
    """Return percentiles of values (nearest rank), empty for no values."""
    ordered = sorted(values)
    if not ordered:
        return {}
    return {
        percent: ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
        for percent in PERCENTILES
    }
