"""Figures for Prometheus, over all workers of the service and those that it had before.

Each worker writes into files of its own in memory (`prometheus_client`'s multi-process mode), and
whichever is asked adds all up. What requests cost is noted for all that were answered together
(`deferred_notes`); what the engine does is looked up once a second (`metrics_sampler`). Labels have
few values: no path, no method and no text of a caller is one.
"""

import logging
import platform
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.metrics_core import Metric

from service.http.startup_checks import METRICS_DIR
from service.observability.request_record import RequestRecord
from service.observability.worker_files import reading
from service.version import VERSION

logger = logging.getLogger(__name__)

NOBODY = "none"  # label of what did not happen, or not by a model

REQUEST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
MODEL_S = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
TOKEN_S = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

Key = tuple[str, int, str | None, str | None, int | None]
"""Route, status, reason, model and version of a request."""

key_of = attrgetter("route", "status", "reason", "model", "version")
amounts_of = attrgetter(
    "duration_s",
    "queue_s",
    "compute_s",
    "batch_size",
    "prompt_tokens",
    "completion_tokens",
    "num_rows",
    "first_token_s",
)


class Spread(Histogram):
    """A histogram that takes in several values at the cost of one."""

    def observe_all(self, values: Sequence[float]) -> None:
        """Take in some values."""
        self._sum.inc(sum(values))
        bounds, ordered = self._upper_bounds, sorted(values)
        last = bisect_left(bounds, ordered[-1])
        num_below = 0
        for place in range(bisect_left(bounds, ordered[0]), last):
            num_up_to = bisect_right(ordered, bounds[place])
            if num_up_to > num_below:
                self._buckets[place].inc(num_up_to - num_below)
            num_below = num_up_to
        self._buckets[last].inc(len(ordered) - num_below)


@dataclass(frozen=True, slots=True)
class Children:
    """The figures that requests of one kind go into; those of models only if one answered."""

    requests: Counter
    duration: Spread
    queue: Spread
    compute: Spread
    rows: Spread
    read: Counter
    written: Counter
    first_token: Spread
    between: Spread


class Metrics:
    """Every figure of one worker, which takes in answered requests.

    Args:
        registry: Where the figures are listed while there is one process only.
        run_dir: Folder of the start's workers; None if there is one process only.
    """

    def __init__(self, registry: CollectorRegistry, run_dir: Path | None = None) -> None:
        self.registry = registry
        self._dir = run_dir and run_dir / METRICS_DIR
        self._children: dict[Key, Children] = {}
        self._requests = self.counter(
            "rnn_requests", "Answered requests", ["route", "status", "reason", "model", "version"]
        )
        by_model = ["model"]
        self._duration = self._histogram(
            "rnn_request_seconds", "From arrival to the last byte", ["route"], REQUEST_S
        )
        self._queue = self._histogram(
            "rnn_queue_seconds", "Waiting for the model", by_model, MODEL_S
        )
        self._compute = self._histogram("rnn_compute_seconds", "In the model", by_model, MODEL_S)
        self._rows = self._histogram(
            "rnn_batch_size", "Rows computed together with a request", by_model, ROWS
        )
        self._tokens = self.counter(
            "rnn_tokens", "Tokens read (prompt) and written (completion)", ["model", "kind"]
        )
        self._first_token = self._histogram(
            "rnn_first_token_seconds", "From arrival to a stream's first piece", by_model, MODEL_S
        )
        self._between = self._histogram(
            "rnn_token_seconds", "Between two tokens of a stream, on average", by_model, TOKEN_S
        )
        self.counter("rnn_worker_starts", "Workers started, those that have ended too", []).inc()
        info = self.gauge("rnn_build_info", "Versions", ["version", "python"], "mostrecent")
        info.labels(VERSION, platform.python_version()).set(1)

    def __call__(self, records: Iterable[RequestRecord]) -> None:
        """Take in answered requests."""
        alike: defaultdict[Key, list[RequestRecord]] = defaultdict(list)
        for record in records:
            alike[key_of(record)].append(record)
        for key, those in alike.items():
            self._take(self._children.get(key) or self._find(key), those)

    def render(self) -> bytes:
        """Return all figures of all workers as Prometheus reads them.

        Raises:
            NotReady: The folder they are in is gone.
        """
        if self._dir is None:
            return generate_latest(self.registry)
        with reading(self._dir):
            whole = CollectorRegistry()
            whole.register(AllWorkers(self._dir))
            return generate_latest(whole)

    def counter(self, name: str, meaning: str, labels: list[str]) -> Counter:
        """Make a figure that only grows."""
        return Counter(name, meaning, labels, registry=self.registry)

    def gauge(self, name: str, meaning: str, labels: list[str], mode: str = "livesum") -> Gauge:
        """Make a figure that goes up and down; `mode` says how those of the workers are joined."""
        return Gauge(
            name,
            meaning,
            labels,
            registry=self.registry,
            multiprocess_mode=mode,  # type: ignore[arg-type]
        )

    def _find(self, key: Key) -> Children:
        """Look the figures up once for all requests of a kind; looking costs 1 µs each."""
        route, status, reason, model, version = key
        labels = (route, str(status), reason or NOBODY, model or NOBODY, str(version or NOBODY))
        name = model or NOBODY
        self._children[key] = Children(
            self._requests.labels(*labels),
            self._duration.labels(route),
            self._queue.labels(name),
            self._compute.labels(name),
            self._rows.labels(name),
            self._tokens.labels(name, "prompt"),
            self._tokens.labels(name, "completion"),
            self._first_token.labels(name),
            self._between.labels(name),
        )
        return self._children[key]

    def _take(self, children: Children, records: Sequence[RequestRecord]) -> None:
        """Take in requests of one kind."""
        columns = zip(*map(amounts_of, records), strict=True)
        durations_s, queues_s, computes_s, rows, read, written, answers, first_tokens_s = columns
        children.requests.inc(len(records))
        children.duration.observe_all(durations_s)
        if records[0].model is None:
            return
        children.queue.observe_all(queues_s)
        children.compute.observe_all(computes_s)
        children.rows.observe_all(rows)
        children.read.inc(sum(read))
        if any(written):
            children.written.inc(sum(written))
        if any(first_tokens_s):
            streams = zip(durations_s, written, answers, first_tokens_s, strict=True)
            self._note_streams(children, streams)

    def _note_streams(
        self, children: Children, answers: Iterable[tuple[float, int, int, float | None]]
    ) -> None:
        """Take in those that were sent as they were written.

        The answers of one request are written at the same time, a token of each in a step.
        """
        for duration_s, num_tokens, num_rows, first_token_s in answers:
            if first_token_s is not None:
                children.first_token.observe(first_token_s)
                if num_tokens > num_rows > 0:
                    num_steps = num_tokens / num_rows - 1
                    children.between.observe((duration_s - first_token_s) / num_steps)

    def _histogram(
        self, name: str, meaning: str, labels: list[str], buckets: tuple[float, ...]
    ) -> Spread:
        return Spread(name, meaning, labels, buckets=buckets, registry=self.registry)


class AllWorkers(multiprocess.MultiProcessCollector):
    """Adds up the files of all workers but those that cannot be read, which the log names.

    Args:
        folder: Where the files are.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(None, str(folder))  # type: ignore[no-untyped-call]
        self._files = sorted(map(str, folder.glob("*.db")))

    def collect(self) -> Iterable[Metric]:
        """Return the figures."""
        try:
            return self._added_up(self._files)
        except Exception:  # whatever the bytes of one look like; the others count
            return self._added_up([file for file in self._files if self._is_sound(file)])

    def _added_up(self, files: list[str]) -> Iterable[Metric]:
        metrics: Iterable[Metric] = self.merge(files)  # type: ignore[no-untyped-call]
        return metrics

    def _is_sound(self, file: str) -> bool:
        try:
            self._added_up([file])
        except Exception as exc:
            logger.error("the figures in %s are left out: %r", Path(file).name, exc)
            return False
        return True
