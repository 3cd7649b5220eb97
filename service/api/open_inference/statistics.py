"""Triton's inference statistics: counts and nanoseconds of what this worker has answered.

Each worker counts for itself, from its own start; figures over all workers are what `/metrics` is
for.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from service.api.open_inference import models
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.response_schemas import Answer
from service.observability.request_record import RequestRecord

NS = 1_000_000_000


class Duration(Answer):
    """How often, and how long all together."""

    count: int
    """How often."""

    ns: int
    """Nanoseconds."""


class InferenceStatistics(Answer):
    """Where the time of requests went."""

    success: Duration
    """Requests answered."""

    fail: Duration
    """Requests failed."""

    queue: Duration
    """Waiting for the model."""

    compute_input: Duration
    """Not measured: 0."""

    compute_infer: Duration
    """In the model."""

    compute_output: Duration
    """Not measured: 0."""

    cache_hit: Duration
    """There is no cache: 0."""

    cache_miss: Duration
    """There is no cache: 0."""


class BatchStatistics(Answer):
    """The same for one size of batch."""

    batch_size: int
    """Rows computed together."""

    compute_input: Duration
    """Not measured: 0."""

    compute_infer: Duration
    """In the model."""

    compute_output: Duration
    """Not measured: 0."""


class ModelStatistics(Answer):
    """What one version has done since the worker that answers began."""

    name: str
    """Its name."""

    version: str
    """Its version."""

    last_inference: int
    """Unix milliseconds; 0 for never."""

    inference_count: int
    """Texts classified or written."""

    execution_count: int
    """Batches that they were computed in, about."""

    inference_stats: InferenceStatistics
    """By what the time was spent for."""

    batch_stats: list[BatchStatistics]
    """By size of batch."""


class StatisticsBody(Answer):
    """Statistics of one version, of all versions of a model or of everything."""

    model_stats: list[ModelStatistics]
    """One item a version."""


@dataclass(slots=True)
class Tally:
    """A number of times, and the seconds that they took together."""

    count: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one more."""
        self.count += 1
        self.seconds += seconds

    def told(self) -> dict[str, int]:
        """Write it as the protocol does."""
        return {"count": self.count, "ns": int(self.seconds * NS)}


@dataclass(slots=True)
class Counts:
    """What one version of one model has done."""

    success: Tally = field(default_factory=Tally)
    fail: Tally = field(default_factory=Tally)
    queue: Tally = field(default_factory=Tally)
    compute: Tally = field(default_factory=Tally)
    num_rows: int = 0
    num_batches: float = 0.0
    last_inference_s: float = 0.0
    batches: defaultdict[int, Tally] = field(default_factory=lambda: defaultdict(Tally))


class Statistics:
    """Counts the requests that a model answered or failed; an observer of records.

    Args:
        wall_clock: Returns Unix seconds.
    """

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        self._wall_clock = wall_clock
        self._counts: defaultdict[tuple[str, int], Counts] = defaultdict(Counts)

    def __call__(self, record: RequestRecord) -> None:
        """Count a request, unless no model was asked."""
        if record.model is None or record.version is None:
            return
        counts = self._counts[record.model, record.version]
        if record.reason is not None:
            counts.fail.add(record.duration_s)
            return
        counts.success.add(record.duration_s)
        counts.queue.add(record.queue_s)
        counts.compute.add(record.compute_s)
        if record.batch_size:
            counts.num_rows += record.num_rows
            counts.num_batches += record.num_rows / max(record.batch_size, record.num_rows)
            counts.batches[record.batch_size].add(record.compute_s)
        counts.last_inference_s = self._wall_clock()

    def show(self, request: Request) -> Reply:
        """Answer with the statistics of the version, model or all models of the path."""
        if "model" in request.params:
            info = models.find(request)
            wanted = {info.name}
        else:
            wanted = {status.name for status in request.engine.models()}
        version = request.params.get("version")
        return json_reply(
            {
                "model_stats": [
                    self._told(status.name, status.version)
                    for status in request.engine.models()
                    if status.name in wanted
                    and status.state == "ready"
                    and (version is None or status.version == info.version)
                ]
            }
        )

    def _told(self, name: str, version: int) -> dict[str, Any]:
        counts = self._counts.get((name, version), Counts())
        nothing = Tally().told()
        times = {"compute_input": nothing, "compute_output": nothing}
        return {
            "name": name,
            "version": str(version),
            "last_inference": int(counts.last_inference_s * 1000),
            "inference_count": counts.num_rows,
            "execution_count": round(counts.num_batches),
            "inference_stats": {
                "success": counts.success.told(),
                "fail": counts.fail.told(),
                "queue": counts.queue.told(),
                "compute_infer": counts.compute.told(),
                **times,
                "cache_hit": nothing,
                "cache_miss": nothing,
            },
            "batch_stats": [
                {"batch_size": size, "compute_infer": tally.told(), **times}
                for size, tally in sorted(counts.batches.items())
            ],
        }
