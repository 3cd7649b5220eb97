"""Triton's inference statistics: counts and nanoseconds of what all workers have answered.

Clients (Triton's perf_analyzer, for one) take the difference of two answers, whichever workers they
come from, and want every part of computing counted as often as the others.
"""

from collections.abc import Callable, Mapping
from typing import Any

from service.api.open_inference import models
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.response_schemas import Answer
from service.observability.model_counts import MILLION, Counts, Kind


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
    """From arrival to the model's line: reading and preparing."""

    compute_infer: Duration
    """In the model."""

    compute_output: Duration
    """From the model's answer to the last byte."""

    cache_hit: Duration
    """There is no cache: 0."""

    cache_miss: Duration
    """There is no cache: 0."""


class BatchStatistics(Answer):
    """The same for one size of batch."""

    batch_size: int
    """Rows computed together."""

    compute_input: Duration
    """From arrival to the model's line: reading and preparing."""

    compute_infer: Duration
    """In the model."""

    compute_output: Duration
    """From the model's answer to the last byte."""


class ModelStatistics(Answer):
    """What one version has done since the service was started."""

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


class Statistics:
    """Answers with what the versions have done.

    Args:
        read: Returns the counts of all workers, by model, version and size of batch.
    """

    def __init__(self, read: Callable[[], Mapping[Kind, Counts]]) -> None:
        self._read = read

    def show(self, request: Request) -> Reply:
        """Answer with the statistics of the version, model or all models of the path."""
        statuses = [status for status in request.engine.models() if status.state == "ready"]
        if "model" in request.params:
            info = models.find(request)
            statuses = [status for status in statuses if status.name == info.name]
            if "version" in request.params:
                statuses = [status for status in statuses if status.version == info.version]
        counts = self._read()
        return json_reply(
            {"model_stats": [_told(status.name, status.version, counts) for status in statuses]}
        )


def _told(name: str, version: int, counts: Mapping[Kind, Counts]) -> dict[str, Any]:
    """Write what a version has done as the protocol does."""
    of_size = {
        size: one
        for (its_name, its_version, size), one in sorted(counts.items())
        if (its_name, its_version) == (name, version)
    }
    whole = Counts()
    for one in of_size.values():
        whole.add(one)
    nothing = _duration(0, 0)
    return {
        "name": name,
        "version": str(version),
        "last_inference": int(whole.last_s * 1000),
        "inference_count": whole.rows,
        "execution_count": round(whole.millionths / MILLION),
        "inference_stats": {
            "success": _duration(whole.requests, whole.duration_ns),
            "fail": _duration(whole.failures, whole.failures_ns),
            "queue": _duration(whole.requests, whole.queue_ns),
            **_computing(whole),
            "cache_hit": nothing,
            "cache_miss": nothing,
        },
        "batch_stats": [
            {"batch_size": size, **_computing(one)} for size, one in of_size.items() if size
        ],
    }


def _computing(counts: Counts) -> dict[str, Any]:
    """Write the parts of computing, which every answered request has: all counts are the same."""
    return {
        "compute_input": _duration(counts.requests, counts.input_ns),
        "compute_infer": _duration(counts.requests, counts.infer_ns),
        "compute_output": _duration(counts.requests, counts.output_ns),
    }


def _duration(count: int, ns: int) -> dict[str, int]:
    return {"count": count, "ns": ns}
