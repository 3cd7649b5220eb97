"""The ratios that the service is held to, worked out from one run's figures."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.promise import Promise
from bench.results import Key, Results

MEGABYTE = 1e6
ONE_WORKER = "service, 1 worker"


@dataclass(frozen=True, slots=True)
class Goal:
    """One ratio or figure and the bound on it.

    Args:
        name: What it is.
        value: As measured.
        bound: The most or least that it may be.
        at_most: Whether `bound` is the most.
        unit: Of both, "" for a ratio.
    """

    name: str
    value: float
    bound: float
    at_most: bool
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the bound holds."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def line(self) -> str:
        """Write it as a line of a report."""
        verdict = "pass" if self.is_met else "MISS"
        sign = "at most" if self.at_most else "at least"
        unit = f" {self.unit}" if self.unit else ""
        return f"{verdict}  {self.name}: {self.value:.3g}{unit} ({sign} {self.bound:g}{unit})"


@dataclass(frozen=True, slots=True)
class Startup:
    """How one server starts.

    Args:
        system: Which.
        models: "reference" or "shipped".
        ready_s: Seconds from the command to the first 200 of `/readyz`.
        memory_bytes: Of all its processes after a few requests.
        models_bytes: Graphs and weights on disk.
    """

    system: str
    models: str
    ready_s: float
    memory_bytes: int
    models_bytes: int

    def line(self) -> str:
        """Write it as a line of a report."""
        return (
            f"{self.models}: {self.system} is ready after {self.ready_s:.2f} s and takes "
            f"{self.memory_bytes / MEGABYTE:.0f} MB, models {self.models_bytes / MEGABYTE:.1f} MB"
        )


class Judge:
    """Compares the figures of one pair of models.

    Args:
        results: Everything that was measured.
        models: "reference" or "shipped".
    """

    def __init__(self, results: Results, models: str) -> None:
        """Remember both."""
        self._results = results
        self._models = models

    def goals(self) -> list[Goal]:
        """Return the goals whose figures were taken."""
        return [*self._requests(), *self._bulk(), *self._generation(), *self._workers()]

    def _value(
        self, system: str, load: str, clients: int, name: str, percentile: int | None = None
    ) -> float | None:
        key = Key(self._models, system, load, clients)
        figure = self._results.figure(key, name, percentile)
        return None if figure is None else figure.value

    def _named(self, text: str) -> str:
        return f"{self._models}: {text}"

    def _requests(self) -> Iterator[Goal]:
        used = self._value("service", "short", 64, "cpu_us")
        bare = self._value("bare", "short", 64, "cpu_us")
        if used and bare:
            name = "short text, 64 connections, processor time over the bare Flask route's"
            yield Goal(self._named(name), used / bare, 1.25, at_most=True)
            name = "short text, 64 connections, processor time a request"
            yield Goal(self._named(name), used, 170, at_most=True, unit="µs")
        wait = self._value("service", "short", 1, "latency_ms", 50)
        bare = self._value("bare", "short", 1, "latency_ms", 50)
        if wait and bare:
            name = "short text, 1 connection, median latency over the bare Flask route's"
            yield Goal(self._named(name), wait / bare, 1.5, at_most=True)
        alone = self._value("service", "short", 1, "latency_ms", 99)
        beside = self._value("service", "beside", 1, "latency_ms", 99)
        if alone and beside:
            name = "short text beside a bulk load, p99 over its own unloaded"
            yield Goal(self._named(name), beside / alone, 5, at_most=True)

    def _bulk(self) -> Iterator[Goal]:
        used = self._value("service", "bulk", 4, "cpu_us")
        raw = self._value("raw", "bulk", 4, "cpu_us")
        if used and raw:
            name = "bulk, share of the raw loop's texts a processor second"
            yield Goal(self._named(name), raw / used, 0.85, at_most=False)
        rate = self._value("service", "bulk", 4, "per_s")
        raw = self._value("raw", "bulk", 4, "per_s")
        if rate and raw:
            name = "bulk, share of the raw loop's texts a second"
            yield Goal(self._named(name), rate / raw, 0.85, at_most=False)

    def _generation(self) -> Iterator[Goal]:
        used = self._value("service", "generate", 32, "cpu_us")
        raw = self._value("raw", "generate", 32, "cpu_us")
        if used and raw:
            name = "32 streams, share of the raw step loop's tokens a processor second"
            yield Goal(self._named(name), raw / used, 0.75, at_most=False)
        rate = self._value("service", "generate", 32, "per_s")
        for system, what, bound in (
            ("raw", "32 streams, share of the raw step loop's tokens a second", 0.75),
            ("parity", "32 streams, tokens a second over the naive application's", 40),
        ):
            other = self._value(system, "generate", 32, "per_s")
            if rate and other:
                yield Goal(self._named(what), rate / other, bound, at_most=False)
        first = self._value("service", "generate", 1, "first_ms", 50)
        if first:
            name = "1 stream, median time to the first token"
            yield Goal(self._named(name), first, 10, at_most=True, unit="ms")

    def _workers(self) -> Iterator[Goal]:
        for load, clients in (("short", 64), ("bulk", 4), ("generate", 32)):
            two = self._value("service", load, clients, "cpu_us")
            one = self._value(ONE_WORKER, load, clients, "cpu_us")
            if two and one:
                name = f"{load}, 2 workers over 1, by processor time"
                yield Goal(self._named(name), 2 * one / two, 1.8, at_most=False)


def startup_goals(startup: Startup) -> list[Goal]:
    """Return the goals of a service with two workers."""
    beyond = startup.memory_bytes - startup.models_bytes
    return [
        Goal(
            f"{startup.models}: memory beyond the models' size",
            beyond / MEGABYTE,
            160,
            at_most=True,
            unit="MB",
        ),
        Goal(f"{startup.models}: ready after", startup.ready_s, 1, at_most=True, unit="s"),
    ]


def promise_goals(models: str, promise: Promise) -> list[Goal]:
    """Return the goals of the mixed requests."""
    name = f"{models}: {promise.requests:,} mixed requests"
    left_mb = promise.memory_left_bytes / MEGABYTE
    return [
        Goal(f"{name}, answers unlike those given alone", promise.different, 0, at_most=True),
        Goal(f"{name}, threads left", promise.threads_left, 0, at_most=True),
        Goal(f"{name}, memory grown in their second half", left_mb, 2, at_most=True, unit="MB"),
        Goal(
            f"{name}, cores busy when idle again", promise.idle_share, 0.05, at_most=True, unit=""
        ),
    ]
