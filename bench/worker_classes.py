"""The service under gunicorn's worker classes: speed, tail, streams, leaving clients, draining.

Command: `python -m bench.worker_classes`. All of them serve the same application with the same two
processes; `service` is the service's own class, gunicorn's gevent worker with its changes.
"""

import argparse
import select
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.client import Connection
from bench.loads import GENERATE, LOADS, Scale, warm_up
from bench.models import Models
from bench.reference import reference_models
from bench.results import Key, Sample
from bench.servers import Server, Servers, running
from bench.texts import generate_bodies, http_request

CLASSES: dict[str, tuple[str, ...]] = {
    "sync": ("--worker-class", "sync"),
    "gthread": ("--worker-class", "gthread", "--threads", "64"),
    "gevent": ("--worker-class", "gevent"),
    "service": (),
}
LOADS_RUN = (("short", 1), ("short", 16), ("short", 64), ("generate", 1), ("generate", 32))
WORKERS = 2
LONG_TOKENS = 4096  # about half a second
NOTICE_S, LOOK_S = 0.1, 0.3  # to see that a client has left; to see what is still done for it
PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Ending:
    """What becomes of streams.

    Args:
        busy_share: Processor time, in cores, after the client of a long stream has left.
        drain_s: Seconds from SIGTERM in the middle of four streams to the server's end.
        whole: How many of the four streams came to their end.
    """

    busy_share: float
    drain_s: float
    whole: int


def measure(servers: Servers, models: Models, name: str, rounds: int) -> list[str]:
    """Measure one class; return the cells of its row."""
    server = servers.service(models, WORKERS, name=name, options=CLASSES[name])
    server.wait_until_ready()
    scale = Scale()
    warm_up(server, scale)
    cells = [name]
    for load, clients in LOADS_RUN:
        key = Key(models.label, name, load, clients)
        samples = [LOADS[load](server, key, scale) for _ in range(rounds)]
        cells.append(_cell(samples))
    ending = see_endings(server)
    return [
        *cells,
        f"{ending.busy_share:.0%}",
        f"{ending.whole} of 4, {ending.drain_s:.1f} s",
    ]


def see_endings(server: Server) -> Ending:
    """Leave a stream, then end the server in the middle of four others."""
    bodies = generate_bodies(5, LONG_TOKENS, stream=True)
    left = _begin(server, http_request(GENERATE, bodies[0]))
    _wait_for_first([left])
    left.close()
    time.sleep(NOTICE_S)
    before = server.cpu_s()
    time.sleep(LOOK_S)
    busy_share = (server.cpu_s() - before) / LOOK_S
    kept = [_begin(server, http_request(GENERATE, body)) for body in bodies[1:]]
    _wait_for_first(kept)
    server.terminate()
    started = time.monotonic()
    whole = sum(_is_whole(connection) for connection in kept)
    server.wait(120)
    return Ending(busy_share, time.monotonic() - started, whole)


def _begin(server: Server, request: bytes) -> Connection:
    connection = Connection(server.port)
    connection.send(request, time.perf_counter())
    return connection


def _wait_for_first(connections: Sequence[Connection]) -> None:
    """Read the first bytes of each that gets some in time."""
    until = time.monotonic() + PATIENCE_S
    waiting = list(connections)
    while waiting and (left_s := until - time.monotonic()) > 0:
        for connection in select.select(waiting, [], [], left_s)[0]:
            connection.receive()
            waiting.remove(connection)


def _is_whole(connection: Connection) -> bool:
    """Read a stream to its end; return whether that was the right one."""
    try:
        while not connection.answer.is_complete():
            connection.receive()
    except OSError:
        return False
    return connection.answer.num_tokens == LONG_TOKENS


def _cell(samples: Sequence[Sample]) -> str:
    """Write processor time, rate and tail of a load."""
    used = median(sample.cpu_us for sample in samples)
    rate = median(sample.per_s for sample in samples)
    waits = [sample.first_ms or sample.latency_ms for sample in samples]
    half, tail = (median(each[percent] for each in waits) for percent in (50, 99))
    errors = sum(sample.errors for sample in samples)
    cell = f"{used:.0f} µs, {rate:,.0f}/s, {half:.1f} / {tail:.1f} ms"
    return cell + (f", {errors} errors" if errors else "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="runs of each load")
    parser.add_argument("--classes", nargs="+", choices=CLASSES, default=list(CLASSES))
    args = parser.parse_args()
    loads = [f"{load} {clients}" for load, clients in LOADS_RUN]
    print(f"| class | {' | '.join(loads)} | busy after leaving | streams kept on SIGTERM |")
    print("| --- " * (len(loads) + 3) + "|")
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as servers:
        models = reference_models(Path(folder) / "store")
        for name in args.classes:
            print(f"| {' | '.join(measure(servers, models, name, args.rounds))} |", flush=True)


if __name__ == "__main__":
    main()
