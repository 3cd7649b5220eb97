"""What each version has answered, over all workers of the service and those that it had before.

By size of batch and to the nanosecond, which is too much for Prometheus' labels; kept in files of
the same kind (`worker_files`). Whole numbers below 2^53, so that sums are exact in any order and no
number ever gets smaller. Knows nothing of the protocol that tells them.
"""

import json
import logging
import os
import time
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

from service.http.startup_checks import METRICS_DIR
from service.observability.request_record import RequestRecord
from service.observability.worker_files import COUNTS, Value, read_values, reading

logger = logging.getLogger(__name__)

NS = 1_000_000_000
MILLION = 1_000_000

Kind = tuple[str, int, int]
"""Model, version and size of batch, 0 where nothing was computed."""


@dataclass(slots=True)
class Counts:
    """What one version has done in batches of one size.

    Args:
        requests: Requests answered.
        duration_ns: From their arrival to their last byte.
        queue_ns: Waiting for the model.
        input_ns: From arrival to that, so reading and preparing.
        infer_ns: In the model.
        output_ns: From the model's answer to the last byte.
        rows: Texts classified or answers written.
        millionths: Of batches that they were computed in; a request that shares one has a part.
        failures: Requests failed.
        failures_ns: From their arrival to their last byte.
        last_s: Unix seconds of the last answer.
    """

    requests: int = 0
    duration_ns: int = 0
    queue_ns: int = 0
    input_ns: int = 0
    infer_ns: int = 0
    output_ns: int = 0
    rows: int = 0
    millionths: int = 0
    failures: int = 0
    failures_ns: int = 0
    last_s: float = 0.0

    def add(self, other: "Counts") -> None:
        """Add what others have done."""
        for name in ADDED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.last_s = max(self.last_s, other.last_s)


ADDED = tuple(name for name in Counts.__slots__ if name != "last_s")
FIRST = ADDED[0]  # the number that the time of the last answer is kept with


class ModelCounts:
    """Counts the requests of one worker that a model answered or failed, and tells those of all.

    Args:
        run_dir: Folder of the start's workers; None if there is one process only.
        wall_clock: Returns Unix seconds.
    """

    def __init__(
        self, run_dir: Path | None = None, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._wall_clock = wall_clock
        self._own: defaultdict[Kind, Counts] = defaultdict(Counts)
        self._dir = run_dir and run_dir / METRICS_DIR
        if self._dir is not None:
            file = self._dir / COUNTS.format(os.getpid())
            self._file = MmapedDict(str(file))  # type: ignore[no-untyped-call]
            weakref.finalize(self, self._file.close)

    def __call__(self, records: Sequence[RequestRecord]) -> None:
        """Count requests, but for those that asked no model."""
        new: defaultdict[Kind, Counts] = defaultdict(Counts)
        for record in records:
            if record.model is None or record.version is None:
                continue
            size = 0 if record.reason is not None else record.batch_size
            _count(record, new[record.model, record.version, size])
        for kind, counts in new.items():
            if counts.requests:
                counts.last_s = self._wall_clock()
            self._own[kind].add(counts)
            if self._dir is not None:
                self._write(kind, counts)

    def read(self) -> dict[Kind, Counts]:
        """Return the counts of all workers.

        Raises:
            NotReady: The folder they are in is gone.
        """
        if self._dir is None:
            return dict(self._own)
        found: defaultdict[Kind, Counts] = defaultdict(Counts)
        with reading(self._dir):
            for file in sorted(self._dir.glob(COUNTS.format("*"))):
                try:
                    _add_file(read_values(file), found)
                except Exception as exc:  # whatever the bytes of one look like; the others count
                    logger.error("the counts in %s are left out: %r", file.name, exc)
        return found

    def _write(self, kind: Kind, new: Counts) -> None:
        """Write what has changed into the worker's file."""
        own = self._own[kind]
        for name in ADDED:
            if getattr(new, name):
                last_s = own.last_s if name == FIRST else 0.0
                key = json.dumps([*kind, name])
                self._file.write_value(key, getattr(own, name), last_s)  # type: ignore[no-untyped-call]


def _count(record: RequestRecord, counts: Counts) -> None:
    """Count one request."""
    duration_ns, queue_ns, infer_ns = (
        max(0, int(seconds * NS))
        for seconds in (record.duration_s, record.queue_s, record.compute_s)
    )
    if record.reason is not None:
        counts.failures += 1
        counts.failures_ns += duration_ns
        return
    answered_ns = min(int(record.answered_s * NS), duration_ns)
    counts.requests += 1
    counts.duration_ns += duration_ns
    counts.queue_ns += queue_ns
    counts.infer_ns += infer_ns
    counts.input_ns += max(0, answered_ns - queue_ns - infer_ns)
    counts.output_ns += duration_ns - answered_ns
    if record.batch_size:
        counts.rows += record.num_rows
        counts.millionths += MILLION * record.num_rows // max(record.batch_size, record.num_rows)


def _add_file(values: Iterable[Value], found: defaultdict[Kind, Counts]) -> None:
    """Add what one worker's file says, whole or not at all."""
    read: defaultdict[Kind, Counts] = defaultdict(Counts)
    for key, value, last_s in values:
        model, version, size, name = json.loads(key)
        counts = read[model, version, size]
        setattr(counts, name, int(value))
        counts.last_s = max(counts.last_s, last_s)
    for kind, counts in read.items():
        found[kind].add(counts)
