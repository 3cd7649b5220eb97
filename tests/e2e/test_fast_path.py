"""One connection carries plain requests, which go past gunicorn, and others in any order."""

import re
import socket

import pytest

from tests.e2e.conftest import FAKE_APP
from tests.service.api.test_both_ways import without_time

pytestmark = pytest.mark.e2e

BODY = b'{"input": "good"}'
STREAM = b'{"prompt": "hello", "stream": true, "seed": 1}'
MEASURED = re.compile(rb"(Date|Server-Timing): [^\r]*")


def get(path):
    return b"GET %b HTTP/1.1\r\nHost: here\r\n\r\n" % path


HEALTH = get(b"/healthz")


def post(path=b"/v1/classify", body=BODY, extra=b"", coding=b"Content-Length"):
    data = body if coding == b"Content-Length" else b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    value = b"%d" % len(body) if coding == b"Content-Length" else b"chunked"
    head = b"POST %b HTTP/1.1\r\nHost: here\r\nX-Request-Id: same\r\n%b%b: %b\r\n\r\n"
    return head % (path, extra, coding, value) + data


def answer(stream):
    """Read one answer: its head, and its body with chunk marks."""
    head = b"".join(iter(stream.readline, b"\r\n"))
    if found := re.search(rb"Content-Length: (\d+)", head):
        return head, stream.read(int(found[1]))
    body = b""
    while not body.endswith(b"0\r\n\r\n"):
        body += stream.readline()
    return head, body


def ask(url, *requests, pieces=1):
    """Send requests over one connection, all at once or in pieces; return their answers."""
    host, port = url.removeprefix("http://").split(":")
    data = b"".join(requests)
    size = -(-len(data) // pieces)
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(0, len(data), size):
            connection.sendall(data[place : place + size])
        with connection.makefile("rb") as stream:
            return [answer(stream) for _ in requests]


def unmeasured(head, body):
    return MEASURED.sub(b"", head), without_time(body)


@pytest.mark.parametrize(
    "request_of",
    [
        lambda **how: post(**how),
        lambda **how: post(body=b'{"input": 5}', **how),
        lambda **how: post(b"/v1/generate", STREAM, **how),
    ],
    ids=["answer", "error", "stream"],
)
def test_the_lane_and_gunicorn_send_the_same_bytes(fake_url, request_of):
    plain, onward = ask(fake_url, request_of(), request_of(coding=b"Transfer-Encoding"))
    assert unmeasured(*plain) == unmeasured(*onward)


def test_a_page_of_another_origin_is_told_the_same_both_ways(start_process):
    url = start_process(env={"CORS_ORIGINS": "https://app.example"}, app=FAKE_APP).base_url
    for path, body in (
        (b"/v1/classify", BODY),
        (b"/v1/classify", b"{}"),
        (b"/v1/generate", STREAM),
    ):
        how = {"path": path, "body": body, "extra": b"Origin: https://app.example\r\n"}
        plain, onward = ask(url, post(**how), post(**how, coding=b"Transfer-Encoding"))
        assert unmeasured(*plain) == unmeasured(*onward)
        assert b"\r\nAccess-Control-Allow-Origin: https://app.example\r\n" in plain[0]


@pytest.mark.parametrize("pieces", [1, 7])
def test_requests_of_all_kinds_follow_each_other_on_one_connection(fake_url, pieces):
    requests = [post(), HEALTH, post(), post(coding=b"Transfer-Encoding"), post(), HEALTH, post()]
    answers = ask(fake_url, *requests, pieces=pieces)
    assert [head.split()[1] for head, _ in answers] == [b"200"] * len(requests)
    assert [b'"label"' in body for _, body in answers] == [one != HEALTH for one in requests]
    assert all(b"Connection: keep-alive" in head for head, _ in answers)


def test_a_connection_ends_after_the_request_that_says_so(fake_url):
    [_, (head, _)] = ask(fake_url, post(), post(extra=b"Connection: close\r\n"))
    assert b"Connection: close" in head
