"""What is run in which order: all systems side by side, interleaved, several rounds of it."""

import gc
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bench import proc
from bench.goals import ONE_WORKER, Startup
from bench.limits import run_processes
from bench.loads import BULK_CONNECTIONS, LOADS, Scale, at_rate, has_collapsed, warm_up
from bench.models import Models
from bench.results import Key, Results, Sample
from bench.servers import Server, Servers
from bench.texts import LONG, SHORT

WORKERS = 2
RATE_STEPS = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
"""Arrival rates, as shares of the requests per second of 64 connections."""

LOADS_OF = {
    "short": ("service", "bare", "parity", "raw", ONE_WORKER),
    "long": ("service", "parity", "raw"),
    "bulk": ("service", "parity", "raw", ONE_WORKER),
    "beside": ("service", "parity"),
    "generate": ("service", "parity", "raw", ONE_WORKER),
    "rate": ("service", "parity"),
}
"""Which systems a load is for."""

ONE_WORKER_CLIENTS = {"short": 64, "bulk": BULK_CONNECTIONS, "generate": 32}

Measure = Callable[[], Sample]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Args:
        rounds: How often everything is.
        seconds: Length of one run.
        promises: Mixed requests whose answers are compared.
    """

    rounds: int
    seconds: float
    promises: int

    def changed(
        self, *, rounds: int | None, seconds: float | None, promises: int | None
    ) -> "Sizes":
        """Return these with the values that are not None."""
        return Sizes(
            self.rounds if rounds is None else rounds,
            self.seconds if seconds is None else seconds,
            self.promises if promises is None else promises,
        )

    @property
    def scale(self) -> Scale:
        """The loads of this size."""
        return Scale(seconds=self.seconds)


def start(servers: Servers, system: str, models: Models) -> Server:
    """Start a system by its name."""
    if system == "bare":
        return servers.bare(models, WORKERS)
    if system == "parity":
        return servers.parity(models, WORKERS)
    if system == ONE_WORKER:
        return servers.service(models, 1, name="service1")
    return servers.service(models, WORKERS)


def measure_startup(servers: Servers, system: str, models: Models, sizes: Sizes) -> Startup:
    """Start a system alone a few times; return the medians."""
    seen: list[tuple[float, int]] = []
    for _ in range(1 if system == "parity" else sizes.rounds):
        server = start(servers, system, models)
        ready_s = server.wait_until_ready()
        warm_up(server, sizes.scale, generates=system != "bare")
        seen.append((ready_s, proc.memory_bytes(server.pid)))
        server.stop()
    return Startup(
        system,
        models.label,
        statistics.median(ready_s for ready_s, _ in seen),
        round(statistics.median(memory for _, memory in seen)),
        models.loaded_bytes(),
    )


class Rounds:
    """Measures one pair of models.

    Args:
        servers: Starts what is measured.
        models: The pair.
        systems: Which servers, of "service", "bare" and "parity".
        loads: Which of `LOADS_OF`.
    """

    def __init__(
        self, servers: Servers, models: Models, *, systems: Sequence[str], loads: Sequence[str]
    ) -> None:
        """Start the servers, and wait for all of them."""
        self._models = models
        self._loads = loads
        has_one = "service" in systems and set(loads) & ONE_WORKER_CLIENTS.keys()
        wanted = [*systems, ONE_WORKER] if has_one else systems
        self._servers = {system: start(servers, system, models) for system in wanted}
        for server in self._servers.values():
            server.wait_until_ready()

    @property
    def service(self) -> Server:
        """The service with all its workers."""
        return self._servers["service"]

    def run(self, sizes: Sizes, results: Results, *, tell: Callable[[str], None]) -> None:
        """Measure everything `sizes.rounds` times; the rates, which take long, once."""
        for system, server in self._servers.items():
            warm_up(server, sizes.scale, generates=system != "bare")
        gc.freeze()
        for number in range(sizes.rounds):
            for measure in self._round(sizes.scale):
                sample = measure()
                results.add(sample)
                tell(f"{number + 1}: {_line(sample)}")
        if "rate" in self._loads and self._models.label == "reference":
            for system in self._systems_of("rate"):
                self._rates(system, sizes.scale, results, tell=tell)

    def _round(self, scale: Scale) -> list[Measure]:
        """Return all measurements of a round, those to be compared next to each other."""
        measures: list[Measure] = []
        for load in self._loads:
            for clients in _clients(load, scale):
                for system in self._systems_of(load):
                    if system == ONE_WORKER and clients != ONE_WORKER_CLIENTS[load]:
                        continue
                    key = Key(self._models.label, system, load, clients)
                    measures.append(partial(self._measure, key, scale))
        return measures

    def _measure(self, key: Key, scale: Scale) -> Sample:
        if key.system == "raw":
            return self._raw(key, scale)
        return LOADS[key.load](self._servers[key.system], key, scale)

    def _raw(self, key: Key, scale: Scale) -> Sample:
        """Run the models alone, the clients' rows divided among as many processes as workers."""
        classifier, generator = self._models.versions()
        run = partial(run_processes, seconds=scale.seconds)
        if key.load == "generate":
            workers = min(WORKERS, key.clients)
            rows = key.clients // workers
            per_s, cpu_s = run("generate", generator, rows=rows, words=0, workers=workers)
        else:
            rows = scale.bulk_size if key.load == "bulk" else 1
            words = LONG if key.load == "long" else SHORT
            workers = min(WORKERS, key.clients)
            per_s, cpu_s = run("classify", classifier, rows=rows, words=words, workers=workers)
        return Sample(key, per_s, cpu_s * 1e6)

    def _rates(
        self, system: str, scale: Scale, results: Results, *, tell: Callable[[str], None]
    ) -> None:
        """Step the arrival rate up until the server collapses."""
        closed = Key(self._models.label, system, "short", max(scale.clients))
        most = results.figure(closed, "per_s")
        for share in RATE_STEPS if most is not None else ():
            assert most is not None
            rate = share * most.value
            key = Key(self._models.label, system, "rate", round(rate))
            sample = at_rate(self._servers[system], key, scale, rate=rate)
            results.add(sample)
            tell(f"rate: {_line(sample)}")
            if has_collapsed(sample, rate):
                break

    def _systems_of(self, load: str) -> list[str]:
        has_service = "service" in self._servers
        return [
            system
            for system in LOADS_OF[load]
            if system in self._servers or (system == "raw" and has_service)
        ]


def _clients(load: str, scale: Scale) -> tuple[int, ...]:
    if load in ("short", "long"):
        return scale.clients
    if load == "generate":
        return scale.streams
    return {"bulk": (BULK_CONNECTIONS,), "beside": (1,)}.get(load, ())


def _line(sample: Sample) -> str:
    key, waits = sample.key, sample.latency_ms
    line = f"{key.models} {key.load} {key.clients} {key.system}: {sample.per_s:,.0f}/s"
    line += f", {sample.cpu_us:.4g} µs"
    return line + (f", p50 {waits[50]:.3g} ms, p99 {waits[99]:.3g} ms" if waits else "")
