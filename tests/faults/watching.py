"""What a fault test sees of a running service from outside: its processes, and its figures."""

import contextlib
import http.client
import json
import os
import time
from pathlib import Path

import requests
from prometheus_client.parser import text_string_to_metric_families

PATIENCE_S = 60
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def memory_bytes(live):
    """Memory of the workers that is theirs alone (USS), added up."""
    total = 0
    for pid in live.worker_pids():
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += 1024 * sum(int(line.split()[1]) for line in rollup if line.startswith("Private_"))
    return total


def cpu_seconds(live):
    """Processor time that the workers have taken."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2] for pid in live.worker_pids()]
    return sum(int(ticks) for stat in stats for ticks in stat.split()[11:13]) / TICKS_PER_S


def ask_each_worker(live, path):
    """One worker's answer to a GET after the other's: `{pid: answer}`.

    Connections fall on the workers by chance, so new ones are made until each has got one.
    """
    answers: dict[int, dict] = {}
    until = time.monotonic() + PATIENCE_S
    while not (workers := set(live.worker_pids())) <= answers.keys():
        assert time.monotonic() < until, f"only {list(answers)} answered"
        connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request("GET", "/healthz")  # which leaves the connection open
            connection.getresponse().read()
            worker = worker_of(live, connection.sock)
            connection.request("GET", path)
            answer = json.load(connection.getresponse())
            if worker is not None:
                answers[worker] = answer
    return {worker: answers[worker] for worker in workers}


def worker_of(live, sock):
    """The process that has the other end of a connection; None if the kernel's list missed it."""
    ends = live.port, sock.getsockname()[1]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {  # a row may be listed twice, as the list changes while it is read
        f"socket:[{row[9]}]"
        for row in rows
        if tuple(int(end.split(":")[1], 16) for end in row[1:3]) == ends
    }
    for pid in live.worker_pids():
        if sockets & open_files(pid):
            return pid
    return None


def open_files(pid):
    """What a process has open; what it closes meanwhile is left out, all if it ends."""
    names = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for file in list(Path(f"/proc/{pid}/fd").iterdir()):
            with contextlib.suppress(FileNotFoundError):
                names.add(os.readlink(file))
    return names


def figure(live, name, **labels):
    """The sum of a figure of `/metrics` with these labels."""
    text = requests.get(f"{live.base_url}/metrics", timeout=PATIENCE_S).text
    wanted = set(labels.items())
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and wanted <= set(sample.labels.items())
    )


def percentile(values, share):
    """The value below which a share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
