"""What the engine does and has done, as plain numbers for whoever makes metrics of them.

Numbers are kept where they arise and read about once a second: no request pays for that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass


@dataclass(slots=True)
class Tally:
    """Runs of a model, added up by the one thread that makes them.

    Args:
        num_batches: Calls of the model; steps, for a generator.
        num_rows: Sequences in them.
        num_tokens: Tokens in them.
        num_places: Tokens with padding, so never fewer.
        busy_s: Seconds that they took.
        num_sound: What the model did well: requests of a batch that it classified; steps that wrote
            a token of every row, and answers that came to their end.
    """

    num_batches: int = 0
    num_rows: int = 0
    num_tokens: int = 0
    num_places: int = 0
    busy_s: float = 0.0
    num_sound: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Return both together, as of one version that has two ways of running."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Tally(*(one + another for one, another in pairs))

    def add(self, lengths: Sequence[int], elapsed_s: float) -> None:
        """Add a call with sequences of these lengths."""
        self.num_batches += 1
        self.num_rows += len(lengths)
        self.num_tokens += sum(lengths)
        self.num_places += len(lengths) * max(lengths)
        self.busy_s += elapsed_s

    def add_step(self, num_rows: int, elapsed_s: float) -> None:
        """Add a call with one token of each of so many sequences."""
        self.num_batches += 1
        self.num_rows += num_rows
        self.num_tokens += num_rows
        self.num_places += num_rows
        self.busy_s += elapsed_s


@dataclass(frozen=True, slots=True)
class Workload:
    """What one served version has to do now, and has done since it was loaded.

    Args:
        name: Model name.
        version: Version number.
        num_waiting: Texts or answers in line.
        num_running: Answers being written; 0 for a classifier.
        tally: What its batches added up to.
    """

    name: str
    version: int
    num_waiting: int
    num_running: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class ShadowTally:
    """What the answers of a shadow version were, next to those that were given.

    Args:
        name: Model name.
        version: The shadow's version number.
        same: Texts with the same label, or answers with the same text.
        different: Those with another.
        failed: Requests on which the shadow failed.
        skipped: Requests that were not compared, since too many waited.
        distance: Sum over the texts of the change of the label's score; 0 for a generator.
    """

    name: str
    version: int
    same: int = 0
    different: int = 0
    failed: int = 0
    skipped: int = 0
    distance: float = 0.0


@dataclass(frozen=True, slots=True)
class Activity:
    """What the engine does and did, for whoever makes metrics of it; counts never go down.

    Args:
        workloads: What each served version does.
        num_loads: Versions loaded, by model.
        num_refusals: Versions refused, by model.
        shadows: What shadow versions answered.
        store_problem: Why the store cannot be followed now, or None.
    """

    workloads: tuple[Workload, ...]
    num_loads: Mapping[str, int]
    num_refusals: Mapping[str, int]
    shadows: tuple[ShadowTally, ...]
    store_problem: str | None
