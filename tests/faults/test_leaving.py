"""Clients that leave in the middle of a stream: their rows are free for others at once."""

import json
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.e2e.test_lifecycle import request_lines, until
from tests.faults.traffic import Truth, generate_asks
from tests.faults.watching import figure, memory_bytes
from tests.models import publish_classifier, publish_generator

pytestmark = pytest.mark.e2e

BODY = b'{"prompt": "To be", "max_tokens": 4000, "stream": true}'
REQUEST = (
    b"POST /v1/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


@pytest.fixture
def store_dir(tmp_path):
    publish_generator(tmp_path, max_tokens=4096, eos_id=None)
    return tmp_path


@pytest.fixture
def live(start_process, store_dir):
    return start_process(store_dir, {"DEFAULT_CLASSIFIER": "none"})


def leave_midway(live):
    """Begin to read a stream, and go."""
    with socket.create_connection(("127.0.0.1", live.port), 30) as connection:
        connection.sendall(REQUEST)
        return connection.recv(100).startswith(b"HTTP/1.1 200")


def leave_many_times(live, store_dir, traffic, num_clients):
    truth = Truth(store_dir)
    truth.learn("shakespeare")
    running = traffic(live.base_url, generate_asks(truth), num_threads=1)
    running.wait_for(5)
    before = memory_bytes(live)
    with ThreadPoolExecutor(20) as pool:
        begun = sum(pool.map(lambda _: leave_midway(live), range(num_clients)))
    left = time.monotonic()
    until(lambda: figure(live, "rnn_running_rows") <= 1)
    freed_s = time.monotonic() - left
    outcomes = running.stop()
    grown = memory_bytes(live) - before
    print(
        f"{num_clients} left, all rows free after {freed_s:.1f} s, {dict(outcomes)}, "
        f"memory {grown / 1e6:+.1f} MB"
    )
    assert begun == num_clients
    assert set(outcomes) == {"right"}
    assert grown < 30e6
    until(lambda: figure(live, "rnn_queue_depth") == 0)
    answer = requests.post(f"{live.base_url}/v1/generate", json={"prompt": "a"}, timeout=60)
    assert answer.status_code == 200


def test_a_hundred_clients_that_leave_leave_nothing_behind(live, store_dir, traffic):
    leave_many_times(live, store_dir, traffic, num_clients=100)


@pytest.mark.slow
def test_a_thousand_clients_that_leave_leave_nothing_behind(live, store_dir, traffic):
    leave_many_times(live, store_dir, traffic, num_clients=1000)


def test_a_bulk_whose_caller_left_stops(start_process, tmp_path):
    """It would take many seconds."""
    publish_classifier(tmp_path, hidden_size=256, max_seq_len=1000)
    live = start_process(tmp_path, {"MAX_BATCH_TOKENS": "64"})
    body = json.dumps({"input": ["a " * 1000] * 1000}).encode()
    head = b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", live.port), 30) as connection:
        connection.sendall(head + body)
    until(lambda: [line for line in request_lines(live) if line["route"] == "/v1/classify"])
    [line] = [line for line in request_lines(live) if line["route"] == "/v1/classify"]
    assert (line["status"], line["reason"]) == (499, "cancelled")


def text_of(stream):
    """All of a stream's text; fail if it does not end as it should."""
    lines = [line for line in stream.iter_lines() if line]
    assert lines.pop() == b"data: [DONE]"
    events = [json.loads(line[6:]) for line in lines if line.startswith(b"data: ")]
    return "".join(event["choices"][0]["text"] for event in events)


def test_sigterm_lets_streams_end_whole_and_breaks_off_no_other_answer(
    start_process, store_dir, traffic
):
    live = start_process(store_dir, {"DEFAULT_CLASSIFIER": "none", "WORKERS": "2"})
    truth = Truth(store_dir)
    truth.learn("shakespeare")
    url = f"{live.base_url}/v1/generate"
    fields = {"prompt": "To be", "max_tokens": 4000, "seed": 1}
    whole = requests.post(url, json=fields, timeout=60).json()["choices"][0]["text"]
    running = traffic(live.base_url, generate_asks(truth), pause_s=0.001)
    running.wait_for(20)
    streams = [
        requests.post(url, json=fields | {"stream": True}, stream=True, timeout=60)
        for _ in range(8)
    ]
    live.process.send_signal(signal.SIGTERM)
    assert [text_of(stream) == whole for stream in streams] == [True] * len(streams)
    assert live.stop() == 0
    until(lambda: running.outcomes[503] + running.outcomes["broken"] > 0)
    outcomes = running.stop()
    print(f"{len(streams)} streams whole, beside them {dict(outcomes)}")
    assert set(outcomes) <= {"right", 503, "broken"}
