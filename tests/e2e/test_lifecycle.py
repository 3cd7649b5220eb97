"""Draining, dying and coming again: what an operator sees."""

import json
import os
import signal
import socket
import time
from datetime import datetime

import pytest
import requests

from service.http.worker_boot import PAUSE_S
from tests.e2e.conftest import FAKE_APP
from tests.e2e.test_fast_path import ask, get, post
from tests.faults.watching import ask_each_worker

pytestmark = pytest.mark.e2e
PATIENCE_S = 60  # far more than what a busy machine needs


def until(is_so, patience_s=PATIENCE_S):
    """Ask again and again until the answer is yes; fail if it never is."""
    end = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def start_stream(live, max_tokens):
    fields = {"prompt": "hello", "max_tokens": max_tokens, "stream": True}
    stream = requests.post(f"{live.base_url}/v1/generate", json=fields, stream=True, timeout=30)
    lines = stream.iter_lines(chunk_size=1)
    assert next(lines).startswith(b"data:")
    return stream, lines


def is_gone_when_interrupted(pid):
    """Send Ctrl-C's signal to a process; return whether it has ended."""
    try:
        os.kill(pid, signal.SIGINT)
    except ProcessLookupError:
        return True
    return False


def request_lines(live):
    return [line for line in live.logged() if line["logger"] == "request"]


GATED_APP = "tests.e2e.gated_service:build()"


def test_sigterm_lets_streams_finish_and_refuses_new_requests(start_process, tmp_path):
    gate = tmp_path / "gate"
    live = start_process(app=GATED_APP, env={"GATE": str(gate)})
    stream, lines = start_stream(live, max_tokens=100)
    with requests.Session() as kept:
        kept.get(f"{live.base_url}/healthz", timeout=30)
        live.process.send_signal(signal.SIGTERM)
        until(lambda: kept.get(f"{live.base_url}/readyz", timeout=30).status_code == 503)
        refused = kept.post(f"{live.base_url}/v1/classify", json={"input": "good"}, timeout=30)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_ready")
    assert refused.headers["Retry-After"]
    assert refused.headers["Connection"] == "close"
    gate.touch()
    assert list(lines)[-2:] == [b"data: [DONE]", b""]
    stream.close()
    assert live.stop() == 0


def test_ctrl_c_lets_streams_finish_too(start_process):
    live = start_process(app=FAKE_APP)
    stream, lines = start_stream(live, max_tokens=30)
    os.killpg(live.process.pid, signal.SIGINT)  # as a terminal does
    assert list(lines)[-2:] == [b"data: [DONE]", b""]
    stream.close()
    assert live.stop() == 0
    assert "Traceback" not in live.log_path.read_text()


def test_idle_connections_do_not_hold_up_the_end(start_process):
    live = start_process(app=FAKE_APP)
    with requests.Session() as idle:
        idle.get(f"{live.base_url}/healthz", timeout=30)
        assert live.stop(patience_s=20) == 0
    assert not [line for line in live.logged() if line["level"] == "error"]


STOPPING = "the service is stopping: try again"
IN_OPENAIS_WAY = {
    "message": STOPPING,
    "type": "server_error",
    "param": None,
    "code": "not_ready",
}


@pytest.mark.parametrize(
    ("path", "fields", "error"),
    [
        ("/v1/generate", {"prompt": "hello", "max_tokens": 2_000, "stream": True}, IN_OPENAIS_WAY),
        (
            "/v1/completions",
            {"model": "shakespeare", "prompt": "hello", "max_tokens": 2_000, "stream": True},
            IN_OPENAIS_WAY,
        ),
        (
            "/v2/models/shakespeare/generate_stream",
            {"text_input": "hello", "max_tokens": 2_000},
            STOPPING,
        ),
    ],
    ids=["own", "OpenAI's", "Open Inference"],
)
def test_streams_over_the_drains_limit_end_with_an_error_event(start_process, path, fields, error):
    live = start_process(app=FAKE_APP, env={"GRACEFUL_TIMEOUT_S": "1"})
    with requests.post(live.base_url + path, json=fields, stream=True, timeout=30) as stream:
        lines = stream.iter_lines(chunk_size=1)
        assert next(lines).startswith(b"data:")
        live.process.send_signal(signal.SIGTERM)
        last = [line for line in lines if line][-1]
    assert json.loads(last.removeprefix(b"data: "))["error"] == error
    assert live.stop() == 0
    warned = [line["message"] for line in live.logged() if line["level"] == "warning"]
    [said] = [message for message in warned if message.startswith("Stopped")]
    assert said == "Stopped after GRACEFUL_TIMEOUT_S=1: requests that end with an error: 1"
    assert "SIGKILL" not in live.log_path.read_text()


def test_a_second_interrupt_ends_it_at_once(start_process):
    live = start_process(app=FAKE_APP)
    stream, _ = start_stream(live, max_tokens=1_000)
    [worker] = live.worker_pids()
    live.process.send_signal(signal.SIGINT)
    until(lambda: requests.get(f"{live.base_url}/readyz", timeout=30).status_code == 503)
    until(lambda: is_gone_when_interrupted(worker))
    assert live.process.wait(20) == 0
    stream.close()


SLOW_FORK = """
import time
exec(open("service/gunicorn.conf.py").read())
def post_fork(server, worker):
    time.sleep({seconds} if worker.age > 1 else 0)
"""


@pytest.mark.parametrize("seconds", [0, 2], ids=["at once", "slowly forked"])
def test_a_stop_while_a_worker_starts_is_not_lost(start_process, tmp_path, seconds):
    conf = tmp_path / "slow.conf.py"
    conf.write_text(SLOW_FORK.format(seconds=seconds))
    live = start_process(app=FAKE_APP, conf=str(conf))
    [before] = live.worker_pids()
    os.kill(before, signal.SIGKILL)
    until(lambda: live.worker_pids() not in ([before], []))
    assert live.stop(patience_s=20) == 0


def test_a_client_that_leaves_ends_its_generation(start_process):
    live = start_process(app=FAKE_APP)
    stream, _ = start_stream(live, max_tokens=1_000)
    stream.raw._fp.fp.raw._sock.shutdown(socket.SHUT_RDWR)
    stream.close()
    until(lambda: [line for line in request_lines(live) if line["route"] == "/v1/generate"])
    [line] = [line for line in request_lines(live) if line["route"] == "/v1/generate"]
    assert line["completion_tokens"] < 1_000


def test_a_killed_worker_is_replaced(start_process):
    live = start_process(app=FAKE_APP)
    [before] = live.worker_pids()
    os.kill(before, signal.SIGKILL)
    until(lambda: [pid for pid in live.worker_pids() if pid != before])
    live.wait_until_ready()
    answer = requests.post(f"{live.base_url}/v1/classify", json={"input": "good"}, timeout=30)
    assert answer.status_code == 200


def test_a_worker_whose_engine_died_is_replaced(start_process):
    live = start_process(app=FAKE_APP)
    [before] = live.worker_pids()
    # Asked in one breath, so that it is still there.
    _, (head, _) = ask(live.base_url, post(body=b'{"input": "die"}'), get(b"/readyz"))
    assert head.startswith(b"HTTP/1.1 503")
    until(lambda: live.worker_pids() not in ([before], []))
    live.wait_until_ready()
    assert "the engine died" in live.log_path.read_text()


def test_two_workers_share_the_port(start_process):
    live = start_process(app=FAKE_APP, env={"WORKERS": "2"})
    until(lambda: len(live.worker_pids()) == 2)
    assert requests.get(f"{live.base_url}/readyz", timeout=30).status_code == 200


def gap_s(live, first, then):
    """Seconds from the log's line that begins so to the next one that begins otherwise."""
    lines = [line for line in live.logged() if line.get("message", "").startswith((first, then))]
    place = [line["message"].startswith(first) for line in lines].index(True)
    began, ended = (datetime.fromisoformat(line["time"]) for line in lines[place : place + 2])
    return (ended - began).total_seconds()


ONCE_APP = "tests.e2e.once_service:build()"


def test_a_worker_that_cannot_start_again_ends_nothing_and_is_tried_again(start_process, tmp_path):
    """The other goes on; the next is tried after a while, not as fast as a core can."""
    broken = tmp_path / "broken"
    live = start_process(app=ONCE_APP, env={"WORKERS": "2", "BROKEN": str(broken)})
    until(lambda: len(ask_each_worker(live, "/readyz")) == 2)
    broken.touch()
    os.kill(live.worker_pids()[0], signal.SIGKILL)
    until(lambda: "The worker cannot start" in live.log_path.read_text())
    for _ in range(20):
        answer = requests.post(f"{live.base_url}/v1/classify", json={"input": "good"}, timeout=30)
        assert answer.status_code == 200
    broken.unlink()
    until(lambda: live.log_path.read_text().count("Booting worker") >= 4)
    assert gap_s(live, "The worker cannot start", "Booting worker") > PAUSE_S - 0.1
    until(lambda: len(ask_each_worker(live, "/readyz")) == 2)
