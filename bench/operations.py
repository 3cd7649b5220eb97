"""What keys, limits and figures cost the whole service, end to end under load.

Command: `python -m bench.operations` (needs wrk). Single short texts at 64 connections; compared is
the processor time that the workers use for a request. `bench.operations_app` is the service with
and without, by turns of a fifth of a second; a last line compares the service without any of it
with itself, and so tells how far the others can be trusted.
"""

import argparse
import math
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.loads import CLASSIFY
from bench.models import Models
from bench.operations_app import NONE, WAYS
from bench.reference import reference_models
from bench.servers import GUNICORN, SERVICE_CONF, Server, Servers, running
from bench.texts import SHORT, classify_bodies, make_texts
from bench.wrk import MISSING, ClosedLoop, is_installed
from service.auth import new_key

WORKERS = 2
CONNECTIONS = 64
WARM_UP_S = 3
NUM_KEYS = 100
RATE = "1000000/second"  # counted, never reached
PLACES = 1000

Costs = Mapping[str, float]
"""Microseconds of a request by way, all from turns that followed each other."""


def write_keys(folder: Path) -> tuple[Path, str]:
    """Write a file of keys; return it and one of them."""
    key, lines = "", []
    for number in range(NUM_KEYS):
        key, digest = new_key()
        lines.append(f"user-{number} {digest}")
    file = folder / "keys"
    file.write_text("\n".join(lines))
    return file, key


def start(servers: Servers, models: Models, *, keys_file: Path, turns_dir: Path) -> Server:
    """Start the service that goes all ways by turns."""
    env = {
        "STORE_DIR": str(models.store_dir),
        "DEFAULT_CLASSIFIER": models.classifier,
        "DEFAULT_GENERATOR": models.generator,
        "WORKERS": str(WORKERS),
        "API_KEYS_FILE": str(keys_file),
        "RATE_LIMIT": RATE,
        "MAX_CONCURRENT": str(PLACES),
        "TURNS_DIR": str(turns_dir),
    }
    command = (*GUNICORN, *SERVICE_CONF, "bench.operations_app:build()")
    return servers.start("operations", command, env)


def ask(server: Server, key: str, seconds: float) -> None:
    """Put it under load."""
    bodies = classify_bodies(make_texts(512, SHORT))
    headers = [f"Authorization: Bearer {key}"]
    load = ClosedLoop(
        server.port,
        CLASSIFY,
        bodies,
        connections=CONNECTIONS,
        seconds=seconds,
        headers=headers,
    )
    if errors := load.result().errors:
        raise RuntimeError(f"{errors} requests failed")


def rounds(lines: Sequence[str]) -> list[Costs]:
    """Read a worker's turns; return those rounds in which every way had its turn."""
    found: dict[int, dict[str, float]] = {}
    for line in lines:
        if not line.endswith("\n"):  # just being written
            continue
        number, used_s, num_requests = line.split()
        round_number, place = divmod(int(number), len(WAYS))
        found.setdefault(round_number, {})[WAYS[place]] = 1e6 * float(used_s) / int(num_requests)
    return [costs for costs in found.values() if len(costs) == len(WAYS)]


def row(way: str, seen: Sequence[Costs]) -> str:
    """Write a way's cost, by how much it is over that of none, and where that lies for sure (95 %).

    Medians of the rounds; the bounds are those of a median by the ranks of its neighbours.
    """
    cost = statistics.median(each[way] for each in seen)
    over = sorted(100 * (each[way] / each[NONE] - 1) for each in seen)
    middle, reach = len(over) / 2, math.sqrt(len(over))
    low, high = over[max(0, int(middle - reach))], over[min(len(over) - 1, int(middle + reach))]
    return (
        f"| {way} | {cost:.0f} | {statistics.median(over):+.1f} % | {low:+.1f} to {high:+.1f} % |"
    )


def measure(folder: Path, seconds: float) -> list[Costs]:
    """Run the service for so long; return the rounds of all its workers."""
    turns_dir = folder / "turns"
    turns_dir.mkdir()
    keys_file, key = write_keys(folder)
    models = reference_models(folder / "store")
    with running(folder) as servers:
        server = start(servers, models, keys_file=keys_file, turns_dir=turns_dir)
        server.wait_until_ready()
        ask(server, key, WARM_UP_S)
        for file in turns_dir.iterdir():
            file.write_text("")
        ask(server, key, seconds)
        return [
            costs
            for file in turns_dir.iterdir()
            for costs in rounds(file.read_text().splitlines(keepends=True))
        ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it is under load")
    args = parser.parse_args()
    if not is_installed():
        sys.exit(MISSING)
    with tempfile.TemporaryDirectory() as name:
        seen = measure(Path(name), args.seconds)
    print(f"{len(seen)} rounds of {len(WAYS)} turns, {WORKERS} workers, {CONNECTIONS} connections")
    print("| with | µs | over none | for sure |\n| --- | --- | --- | --- |")
    for way in WAYS[1:]:
        print(row(way, seen))


if __name__ == "__main__":
    main()
