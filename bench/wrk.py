"""Closed-loop load by `wrk`: so many connections, each sending its next request on an answer."""

import json
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("wrk.lua")
TIMEOUT_S = 60
MISSING = "wrk is not installed; on Debian and Ubuntu: apt-get install wrk"


@dataclass(frozen=True, slots=True)
class Closed:
    """What a closed loop saw; latencies in seconds.

    Args:
        requests: Answered ones.
        duration_s: Length of the run.
        errors: Failed connections and requests, and answers with a status over 399.
        latency_s: By percentile: 50, 90, 99 and 100.
        client_s: Processor time of the load tool itself.
    """

    requests: int
    duration_s: float
    errors: int
    latency_s: dict[int, float]
    client_s: float


def is_installed() -> bool:
    """Tell whether there is a `wrk`."""
    return shutil.which("wrk") is not None


class ClosedLoop:
    """A running `wrk`, in the background until `result` is asked for.

    Args:
        port: Where on loopback.
        path: The route.
        bodies: JSON bodies, sent in turn; none with a line break.
        connections: How many.
        seconds: How long, at least 1, whole.
        headers: Lines sent with each request, such as "Authorization: Bearer k".
    """

    def __init__(
        self,
        port: int,
        path: str,
        bodies: Sequence[bytes],
        *,
        connections: int,
        seconds: float,
        headers: Sequence[str] = (),
    ) -> None:
        """Start it."""
        self._folder = tempfile.TemporaryDirectory(prefix="wrk-")
        file = Path(self._folder.name) / "bodies.jsonl"
        file.write_bytes(b"\n".join(bodies) + b"\n")
        options = [f"-c{connections}", "-t1", f"-d{max(1, round(seconds))}s"]
        options += [f"--timeout={TIMEOUT_S}s", "-s", str(SCRIPT)]
        options += [word for line in headers for word in ("-H", line)]
        command = ["wrk", *options, f"http://127.0.0.1:{port}", "--", path, str(file)]
        self._before = _children_s()
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def result(self) -> Closed:
        """Wait for its end."""
        output, _ = self._process.communicate()
        self._folder.cleanup()
        if self._process.returncode:
            raise RuntimeError(f"wrk failed: {output}")
        seen = json.loads(output.splitlines()[-1])
        names = {50: "p50_us", 90: "p90_us", 99: "p99_us", 100: "max_us"}
        return Closed(
            seen["requests"],
            seen["duration_us"] / 1e6,
            seen["errors"],
            {percent: seen[name] / 1e6 for percent, name in names.items()},
            _children_s() - self._before,
        )


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
