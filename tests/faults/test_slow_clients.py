"""Clients that send or read too slowly: they are given up, and nobody else notices."""

import contextlib
import json
import select
import socket

import pytest

from tests.e2e.test_lifecycle import until
from tests.faults.traffic import Truth, classify_asks
from tests.faults.watching import figure
from tests.models import publish_classifier, publish_generator

pytestmark = pytest.mark.e2e

NUM_SLOW = 100
SLOW_BODIES = {"CLIENT_TIMEOUT_S": "2"}  # this alone: who is idle a moment before is not given up
SLOW_HEADS = {"KEEPALIVE_S": "1"}
ALLOWED_S = 1.0  # the shorter of the two
HEAD = b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def store_dir(tmp_path_factory):
    """A store whose generator writes more than a connection holds unread."""
    root = tmp_path_factory.mktemp("store")
    publish_classifier(root)
    publish_generator(root, max_tokens=4096, eos_id=None)
    return root


@pytest.fixture
def asks(store_dir):
    truth = Truth(store_dir)
    truth.learn("sentiment")
    return classify_asks(truth)


@pytest.fixture
def connect():
    """A function that opens connections to a service, which end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda live: stack.enter_context(
            socket.create_connection(("127.0.0.1", live.port), 60)
        )


def status_of(connection):
    """The status that the service sends before it closes or resets the connection, or None."""
    line = b""
    with connection.makefile("rb") as answer, contextlib.suppress(ConnectionResetError):
        line = answer.readline()
        answer.read()
    return int(line.split()[1]) if line else None


@pytest.mark.parametrize(
    ("env", "sent", "status"),
    [
        (SLOW_BODIES, HEAD + b'Content-Length: 20\r\n\r\n{"in', 408),
        (SLOW_BODIES, HEAD + b'Transfer-Encoding: chunked\r\n\r\n4\r\n{"in', 408),
        (SLOW_HEADS, HEAD, None),
        (SLOW_HEADS, b"POST /v1/cl", None),
        (SLOW_HEADS, b"", None),
    ],
    ids=["body", "chunked body", "headers", "request line", "nothing"],
)
def test_slow_senders_are_given_up_beside_others_who_notice_nothing(
    start_process, store_dir, asks, traffic, connect, env, sent, status
):
    live = start_process(store_dir, env)
    running = traffic(live.base_url, asks, num_threads=2, pause_allowed_s=ALLOWED_S)
    slow = [connect(live) for _ in range(NUM_SLOW)]
    for connection in slow:
        connection.sendall(sent)
    running.wait_for(50)
    assert {status_of(connection) for connection in slow} == {status}
    assert set(running.stop()) == {"right"}


@pytest.mark.parametrize(
    ("env", "begin", "drop", "status"),
    [
        (SLOW_BODIES, HEAD + b"Content-Length: 2000\r\n\r\n", b" ", 408),
        (SLOW_HEADS, HEAD + b"X-Long: ", b"a", None),
    ],
    ids=["body", "headers"],
)
def test_what_drips_is_given_up_beside_others_who_notice_nothing(
    start_process, store_dir, asks, traffic, connect, env, begin, drop, status
):
    live = start_process(store_dir, env)
    running = traffic(live.base_url, asks, num_threads=2, pause_allowed_s=ALLOWED_S)
    drip = connect(live)
    drip.sendall(begin)
    with contextlib.suppress(ConnectionError):  # reset between a look and the next drop
        for _ in range(300):
            drip.sendall(drop)
            if select.select([drip], [], [], 0.2)[0]:
                break
    assert status_of(drip) == status
    assert set(running.stop()) == {"right"}


def test_a_body_in_very_many_chunks_is_read_beside_others_who_notice_nothing(
    start_process, store_dir, asks, traffic, connect
):
    live = start_process(store_dir)
    running = traffic(live.base_url, asks, num_threads=2)
    body = json.dumps({"input": "good " * 10_000}).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    chunked = connect(live)
    chunked.sendall(HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunked.sendall(chunks + b"0\r\n\r\n")
    assert status_of(chunked) == 200
    running.wait_for(10)
    assert set(running.stop()) == {"right"}


@pytest.mark.parametrize(
    "extra", [b"", b"Connection: close\r\n"], ids=["in the lane", "by gunicorn"]
)
def test_readers_that_read_nothing_are_given_up_and_their_rows_freed(
    start_process, store_dir, asks, traffic, connect, extra
):
    live = start_process(store_dir, SLOW_BODIES)
    running = traffic(live.base_url, asks, num_threads=2, pause_allowed_s=ALLOWED_S)
    fields = {"prompt": "To be", "max_tokens": 4000, "n": 20, "stream": True, "logprobs": 20}
    body = json.dumps(fields).encode()
    head = HEAD.replace(b"classify", b"generate") + extra
    head += f"Content-Length: {len(body)}\r\n\r\n".encode()
    for _ in range(5):
        connection = connect(live)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(head + body)
        assert connection.recv(12) == b"HTTP/1.1 200"  # it has begun; the rest is not read
    running.wait_for(50)
    until(lambda: live.log_path.read_text().count("the client took too long to read") >= 5)
    until(lambda: figure(live, "rnn_requests_in_flight") <= 3)
    until(lambda: figure(live, "rnn_running_rows") == 0)
    assert set(running.stop()) == {"right"}
