"""A clock that jumps by a day, either way, changes no answer, no deadline and no rate.

The real service runs with `clock.c` preloaded, which moves its wall clock and leaves its steady
clock alone, as the kernel does when the time is set.
"""

import ast
import contextlib
import json
import shutil
import socket
import struct
import subprocess
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from model_store import ServingPlan, Store
from tests.e2e.conftest import ROOT
from tests.e2e.test_lifecycle import until
from tests.faults.test_slow_clients import HEAD, status_of
from tests.faults.test_swaps import default_is, on_all_workers
from tests.faults.traffic import Truth, classify_asks, generate_asks
from tests.faults.watching import figure
from tests.models import publish_classifier, publish_generator

WALL_CLOCK = {"time.time", "datetime.now", "datetime.utcnow", "date.today", "time.localtime"}
TELLS_A_DATE = {
    "service/http/fast_path.py",  # the date of an answer
    "service/observability/log.py",  # the time of a line
    "service/rate_limits.py",  # Redis counts in wall time; what is left of a window is capped by it
}
WRITES_CREATED = "created"  # the field of an answer that OpenAI's clients expect

OFFSET = struct.Struct("l")
DAY_S = 86_400
BODY = json.dumps({"input": "a good film"}).encode()
STREAM = {"prompt": "To be", "max_tokens": 2000, "seed": 1}
ENDLESS = {"prompt": "To be", "max_tokens": 4000, "n": 128}

either_way = pytest.mark.parametrize("jump", [DAY_S, -DAY_S], ids=["a day on", "a day back"])


def wall_clock_lines(path):
    """Lines of a file that ask the wall clock, but for those that fill the field `created`."""
    source = path.read_text()
    lines = source.splitlines()
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in WALL_CLOCK
        and WRITES_CREATED not in lines[node.lineno - 1]
    ]


def test_nothing_is_timed_by_the_wall_clock():
    found = [
        line
        for path in sorted((ROOT / "service").rglob("*.py"))
        if path.relative_to(ROOT).as_posix() not in TELLS_A_DATE
        for line in wall_clock_lines(path)
    ]
    assert found == []


class Clock:
    """The wall clock of a service: `env` puts it under our hand, `jump` moves it."""

    def __init__(self, library, file):
        self._file = file
        self._file.write_bytes(OFFSET.pack(0))
        self.env = {"LD_PRELOAD": str(library), "CLOCK_OFFSET_FILE": str(file)}

    def jump(self, live, seconds):
        """Move it, and see that the service's own answers tell of it."""
        with self._file.open("r+b") as file:
            file.write(OFFSET.pack(seconds))
        assert seconds - 60 < off_by_s(live) < seconds + 60


def off_by_s(live):
    """Seconds by which the service's `Date` is ahead of this process's time."""
    told = requests.get(f"{live.base_url}/healthz", timeout=60).headers["Date"]
    return parsedate_to_datetime(told).timestamp() - time.time()


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """`clock.c`, compiled."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler (Debian: apt-get install gcc)")
    made = tmp_path_factory.mktemp("clock") / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", made, source], check=True)
    return made


@pytest.fixture
def clock(library, tmp_path):
    return Clock(library, tmp_path / "offset")


@pytest.fixture
def store_dir(tmp_path):
    root = tmp_path / "store"
    for seed in range(2):
        publish_classifier(root, seed=seed)
    publish_generator(root, max_tokens=4096, hidden_size=192, eos_id=None)
    publish_generator(root, "names")
    Store(root).write_serving("sentiment", ServingPlan(default=1))
    return root


@pytest.fixture
def start(start_process, store_dir, clock):
    """Starts a service under the clock."""
    return lambda **env: start_process(store_dir, env | clock.env)


@contextlib.contextmanager
def half_sent(live):
    """A connection on which half of a request's body was sent."""
    with socket.create_connection(("127.0.0.1", live.port), 60) as connection:
        length = f"Content-Length: {len(BODY)}\r\nConnection: close\r\n\r\n".encode()
        connection.sendall(HEAD + length + BODY[:5])
        yield connection


def text_of(lines):
    """The text of a stream, which must have come to its end."""
    told = [line[6:] for line in lines if line.startswith(b"data: ")]
    assert told.pop() == b"[DONE]"
    return "".join(json.loads(event)["choices"][0]["text"] for event in told)


@pytest.mark.e2e
@either_way
def test_what_runs_goes_on_and_what_comes_is_answered(start, clock, store_dir, traffic, jump):
    live = start(WORKERS="2", STORE_POLL_S="0.1")
    truth = Truth(store_dir)
    truth.learn("sentiment")
    truth.learn("shakespeare")
    running = traffic(live.base_url, classify_asks(truth) + generate_asks(truth))
    url = f"{live.base_url}/v1/generate"
    whole = requests.post(url, json=STREAM, timeout=60).json()["choices"][0]["text"]
    stream = requests.post(url, json=STREAM | {"stream": True}, stream=True, timeout=60)
    with half_sent(live) as connection:
        clock.jump(live, jump)
        connection.sendall(BODY[5:])
        assert status_of(connection) == 200
    assert text_of(stream.iter_lines()) == whole
    running.wait_for(50)
    Store(store_dir).write_serving("sentiment", ServingPlan(default=2))
    on_all_workers(live, default_is(2))
    assert requests.get(f"{live.base_url}/readyz", timeout=60).status_code == 200
    assert set(running.stop()) == {"right"}


@pytest.mark.e2e
@either_way
def test_what_is_late_is_given_up_all_the_same(start, clock, jump):
    live = start(CLIENT_TIMEOUT_S="1", REQUEST_TIMEOUT_S="1")
    with half_sent(live) as half:
        clock.jump(live, jump)
        assert status_of(half) == 408
    late = requests.post(f"{live.base_url}/v1/generate", json=ENDLESS, timeout=60)
    assert (late.status_code, late.json()["error"]["code"]) == (504, "deadline_exceeded")


@pytest.mark.e2e
@either_way
def test_who_is_idle_is_given_up_all_the_same(start, clock, jump):
    live = start(KEEPALIVE_S="3")
    with socket.create_connection(("127.0.0.1", live.port), 60) as idle:
        clock.jump(live, jump)
        assert status_of(idle) is None


@pytest.mark.e2e
@either_way
def test_idle_models_are_proved_as_before(start, clock, jump):
    live = start()

    def num_runs():
        return figure(live, "rnn_batches_total", model="names")

    until(lambda: num_runs() > 0)  # the runs of the start were looked up
    clock.jump(live, jump)
    before = num_runs()
    until(lambda: num_runs() > before)
    assert requests.get(f"{live.base_url}/readyz", timeout=60).status_code == 200


@pytest.mark.e2e
@either_way
def test_a_rates_window_neither_ends_nor_begins_anew(start, clock, jump):
    live = start(RATE_LIMIT="3/hour", WORKERS="2")

    def classify():
        return requests.post(f"{live.base_url}/v1/classify", data=BODY, timeout=60)

    assert [classify().status_code for _ in range(4)] == [200, 200, 200, 429]
    clock.jump(live, jump)
    refused = classify()
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
