"""Looks once a second at what the worker and its engine do, and makes figures of it."""

import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from prometheus_client import Counter, Gauge

from service.auth import Keyring
from service.engine.activity import Activity
from service.engine.types import Health, ModelStatus
from service.observability.metrics import Metrics

STATM = Path("/proc/self/statm")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SHADOW_RESULTS = ("same", "different", "failed", "skipped")

Labels = tuple[str, ...]


class Observed(Protocol):
    """What is looked at: the engine."""

    def activity(self) -> Activity:
        """Tell what is done and was done."""

    def models(self) -> list[ModelStatus]:
        """Tell every version that is served or refused."""

    def health(self) -> Health:
        """Tell whether requests are answered."""


class Growth:
    """Makes a counter of a number that is kept elsewhere and only grows."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._seen: dict[Labels, float] = {}

    def set(self, value: float, *labels: str) -> None:
        """Count what has come since the last time; a smaller number began anew."""
        seen = self._seen.get(labels, 0.0)
        grown = value - seen if value >= seen else value
        self._seen[labels] = value
        child = self._counter.labels(*labels) if labels else self._counter
        child.inc(grown)


class Levels:
    """Sets a gauge for what there is now, and to 0 for what there was the time before."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._set: set[Labels] = set()

    def set(self, values: dict[Labels, float]) -> None:
        """Set all values at once."""
        for labels, value in values.items():
            self._gauge.labels(*labels).set(value)
        for labels in self._set - values.keys():
            self._gauge.labels(*labels).set(0)
        self._set = set(values)


class Sampler:
    """Takes one worker's samples.

    Args:
        metrics: Where they go.
        engine: What is looked at.
        keyring: The API keys, if there are any.
    """

    def __init__(self, metrics: Metrics, engine: Observed, keyring: Keyring | None = None) -> None:
        self._engine = engine
        self._keyring = keyring
        self.num_in_flight: Callable[[], int] = lambda: 0
        """Tells the requests being answered; the server knows."""
        self.num_connections: Callable[[], int] = lambda: 0
        """Tells the open connections."""
        self._make_levels(metrics)
        self._make_growths(metrics)

    def __call__(self) -> None:
        """Take a sample."""
        self._sample_process()
        activity = self._engine.activity()
        self._sample_work(activity)
        self._sample_store(activity)
        if self._keyring is not None:
            self._keys_followed.set(self._keyring.problem is None)

    def _make_levels(self, metrics: Metrics) -> None:
        gauge = metrics.gauge
        version = ["model", "version"]
        self._workers = gauge("rnn_workers", "Workers", ["state"])
        self._in_flight = gauge("rnn_requests_in_flight", "Requests being answered", [])
        self._connections = gauge("rnn_connections", "Open connections", [])
        self._memory = gauge("rnn_resident_memory_bytes", "Memory of the workers", [])
        self._waiting = Levels(gauge("rnn_queue_depth", "Texts or answers in line", version))
        self._running = Levels(gauge("rnn_running_rows", "Answers being written", version))
        self._versions = Levels(
            gauge("rnn_model_info", "Workers that have a version", [*version, "task", "state"])
        )
        self._followed = gauge("rnn_store_followed", "Workers that can read the store", [])
        if self._keyring is not None:
            self._keys_followed = gauge(
                "rnn_api_keys_followed", "Workers that can read the file of API keys", []
            )

    def _make_growths(self, metrics: Metrics) -> None:
        def growth(name: str, meaning: str, labels: list[str]) -> Growth:
            return Growth(metrics.counter(name, meaning, labels))

        version = ["model", "version"]
        self._cpu = growth("rnn_cpu_seconds", "Processor time of the workers", [])
        self._batches = growth("rnn_batches", "Runs of a model", version)
        self._batch_rows = growth("rnn_batch_rows", "Rows in all runs", version)
        self._batch_tokens = growth("rnn_batch_tokens", "Tokens in all runs", version)
        self._batch_places = growth(
            "rnn_batch_places", "Tokens in all runs with the padding between them", version
        )
        self._busy = growth("rnn_busy_seconds", "Time in runs of a model", version)
        self._loads = growth("rnn_loads", "Versions loaded", ["model"])
        self._refusals = growth("rnn_refusals", "Versions refused", ["model"])
        self._shadows = growth(
            "rnn_shadow_answers", "Answers of shadow versions", [*version, "result"]
        )
        self._distance = growth(
            "rnn_shadow_distance", "Sum of how far shadows' scores were off", version
        )

    def _sample_process(self) -> None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self._cpu.set(usage.ru_utime + usage.ru_stime)
        self._memory.set(int(STATM.read_text().split()[1]) * PAGE_BYTES)
        self._in_flight.set(self.num_in_flight())
        self._connections.set(self.num_connections())
        is_ready = self._engine.health().is_ready
        self._workers.labels("ready").set(is_ready)
        self._workers.labels("not_ready").set(not is_ready)

    def _sample_work(self, activity: Activity) -> None:
        loads = [((one.name, str(one.version)), one) for one in activity.workloads]
        self._waiting.set({labels: one.num_waiting for labels, one in loads})
        self._running.set({labels: one.num_running for labels, one in loads})
        for labels, one in loads:
            tally = one.tally
            self._batches.set(tally.num_batches, *labels)
            self._batch_rows.set(tally.num_rows, *labels)
            self._batch_tokens.set(tally.num_tokens, *labels)
            self._batch_places.set(tally.num_places, *labels)
            self._busy.set(tally.busy_s, *labels)

    def _sample_store(self, activity: Activity) -> None:
        self._followed.set(activity.store_problem is None)
        self._versions.set(
            {
                (one.name, str(one.version), one.task or "unknown", one.state): 1
                for one in self._engine.models()
            }
        )
        for name, count in activity.num_loads.items():
            self._loads.set(count, name)
        for name, count in activity.num_refusals.items():
            self._refusals.set(count, name)
        for tally in activity.shadows:
            labels = (tally.name, str(tally.version))
            self._distance.set(tally.distance, *labels)
            for result in SHADOW_RESULTS:
                self._shadows.set(getattr(tally, result), *labels, result)
