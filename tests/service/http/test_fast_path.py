"""What the fast lane takes, gunicorn would have read in the same way; the rest it leaves alone."""

import re
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.http.wsgi import create
from hypothesis import example, given
from hypothesis import strategies as st

from service.api.body import PIECE_BYTES
from service.api.reply import Reply, Stream
from service.http.fast_path import FastPath, Limits, http_date, read_head, start_of

LIMITS = Limits(head_bytes=4094, num_headers=8)
ADDRESS = ("192.0.2.1", 4711)
PLAIN = b"POST /v1/classify HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nbody"


def with_line(line, body=b"body"):
    return PLAIN.replace(b"Host: here\r\n", b"Host: here\r\n" + line).replace(b"body", body)


def read_by_gunicorn(data):
    """The request as gunicorn's own parser and WSGI environment have it, and its body."""
    cfg = Config()
    for name, value in {
        "limit_request_fields": LIMITS.num_headers,
        "forwarded_allow_ips": "*",
        "secure_scheme_headers": {},
        "forwarder_headers": "",
        "http_parser": "python",
    }.items():
        cfg.set(name, value)
    request = Request(cfg, IterUnreader([data]), ADDRESS)
    environ = create(request, None, ADDRESS, ADDRESS, cfg)[1]
    assert not request.should_close()
    return environ, request.body.read()


NAMES = st.sampled_from(
    ["Host", "Content-Type", "content-length", "X-Request-Id", "Connection", "Accept", "X_Y", "a b"]
    + [
        "Transfer-Encoding",
        "Expect",
        "Upgrade",
        "Authorization",
        "traceparent",
        "X-Forwarded-Proto",
    ]
)
VALUES = st.sampled_from(
    ["4", " 4 ", "04", "+4", "4, 4", "-1", "four", "", "close", "Keep-Alive", "chunked", "gzip"]
    + ["100-continue", "application/json", "tab\there", "caf\xe9", "bell\x07", "cr\rlf", "\t4"]
)
LINES = st.lists(st.tuples(NAMES, st.sampled_from([":", ": ", " :", ":  "]), VALUES), max_size=10)


@given(
    start=st.sampled_from(
        ["POST /v1/classify HTTP/1.1", "POST /v1/classify HTTP/1.0", "POST /v1/%63 HTTP/1.1"]
        + ["GET /v1/classify HTTP/1.1", "POST  /v1/classify HTTP/1.1", "POST /v1/a?b=c HTTP/1.1"]
    ),
    lines=LINES,
    ends=st.sampled_from(["\r\n", "\r\n", "\n"]),
)
@example(start="POST /v1/classify HTTP/1.1", lines=[("Content-Length", ": ", "4")], ends="\r\n")
def test_gunicorn_reads_the_same_in_whatever_the_lane_takes(start, lines, ends):
    text = ends.join([start, *(name + colon + value for name, colon, value in lines), "", ""])
    data = text.encode("latin-1") + b"body and what follows"
    head = read_head(data, LIMITS)
    if head is None:
        return
    environ, body = read_by_gunicorn(data)
    assert body == data[head.end : head.end + head.length]
    assert head.path == environ["PATH_INFO"]
    headers = {
        name: value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    assert head.environ == headers


def test_a_plain_request_is_taken_with_its_headers():
    data = with_line(b"Content-Type: application/json\r\nCONNECTION: Keep-Alive\r\nX-A:b \r\n")
    head = read_head(data, LIMITS)
    assert head is not None
    assert data[head.end : head.end + head.length] == b"body"
    assert head.environ == {
        "HTTP_HOST": "here",
        "CONTENT_TYPE": "application/json",
        "HTTP_CONNECTION": "Keep-Alive",
        "HTTP_X_A": "b",
        "CONTENT_LENGTH": "4",
    }


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PLAIN[:-8], id="the head is not all there"),
        pytest.param(PLAIN.replace(b"POST", b"GET"), id="another method"),
        pytest.param(PLAIN.replace(b"1.1", b"1.0"), id="an older version"),
        pytest.param(PLAIN.replace(b"classify", b"classify?x"), id="a query"),
        pytest.param(PLAIN.replace(b"Host: here\r\n", b""), id="no host"),
        pytest.param(PLAIN.replace(b"Content-Length: 4\r\n", b""), id="no length"),
        pytest.param(PLAIN.replace(b": 4", b": 4a"), id="a length that is no number"),
        pytest.param(PLAIN.replace(b": 4", b": %d" % (PIECE_BYTES + 1)), id="a large body"),
        pytest.param(with_line(b"Transfer-Encoding: chunked\r\n"), id="another coding"),
        pytest.param(with_line(b"Expect: 100-continue\r\n"), id="an expectation"),
        pytest.param(with_line(b"Upgrade: h2c\r\n"), id="an upgrade"),
        pytest.param(with_line(b"Connection: close\r\n"), id="the last request"),
        pytest.param(with_line(b"Content-Length: 4\r\n"), id="a length twice"),
        pytest.param(with_line(b"host: there\r\n"), id="a header twice"),
        pytest.param(with_line(b"X_Host: there\r\n"), id="an underscore"),
        pytest.param(with_line(b" folded\r\n"), id="a folded header"),
        pytest.param(with_line(b"X: \x00\r\n"), id="a control character"),
        pytest.param(with_line(b"X: \xe9\r\n"), id="no ASCII"),
        pytest.param(with_line(b"X: a\rb\r\n"), id="a bare carriage return"),
        pytest.param(with_line(b"".join(b"X%d: a\r\n" % n for n in range(7))), id="many headers"),
        pytest.param(with_line(b"X: " + b"a" * 4094 + b"\r\n"), id="a large head"),
    ],
)
def test_what_needs_to_be_judged_is_left_to_gunicorn(data):
    assert read_head(data, LIMITS) is None


def answering(reply, seen=None):
    """A lane with one busy route that answers `reply`."""

    def handler(environ):
        if seen is not None:
            seen.append(environ)
        return reply, reply.all_headers("r-1")

    handlers: dict[str, Any] = {"/v1/classify": handler}
    return FastPath(handlers, LIMITS)


def answer(express, data=PLAIN, *, keeps_alive=True):
    head = express.head_of(data)
    body = data[head.end :]
    return express.answer(head, body, "socket", address="192.0.2.1", keeps_alive=keeps_alive)


def test_a_path_that_is_not_busy_is_left_to_gunicorn():
    assert answering(Reply(b"")).head_of(PLAIN.replace(b"classify", b"classify/")) is None


def test_the_handler_gets_what_it_gets_from_wsgi():
    seen: list[dict[str, Any]] = []
    list(answer(answering(Reply(b"{}"), seen)))
    [environ] = seen
    assert environ["REQUEST_METHOD"] == "POST"
    assert environ["PATH_INFO"] == "/v1/classify"
    assert environ["REMOTE_ADDR"] == "192.0.2.1"
    assert environ["gunicorn.socket"] == "socket"
    assert environ["wsgi.input"].read(4) == b"body"


@pytest.mark.parametrize(("keeps_alive", "word"), [(True, b"keep-alive"), (False, b"close")])
def test_a_whole_answer_is_one_piece_with_its_head(keeps_alive, word):
    [piece] = answer(answering(Reply(b"{}", status=503)), keeps_alive=keeps_alive)
    head, _, body = piece.partition(b"\r\n\r\n")
    assert body == b"{}"
    assert re.sub(rb"(?<=Date: )[^\r]+", b"now", head) == (
        b"HTTP/1.1 503 Service Unavailable\r\nServer: gunicorn\r\nDate: now\r\nConnection: "
        + word
        + b"\r\nContent-Type: application/json\r\nX-Request-Id: r-1"
        b"\r\nX-Content-Type-Options: nosniff\r\nContent-Length: 2"
    )


def test_a_stream_is_sent_in_chunks_and_closed():
    closed: list[bool] = []
    stream = Stream(iter([b"one", b"", b"three"]), lambda: closed.append(True))
    first, *rest = answer(answering(Reply(stream)))
    assert b"\r\nTransfer-Encoding: chunked\r\n" in first
    assert first.endswith(b"\r\n\r\n3\r\none\r\n")
    assert rest == [b"5\r\nthree\r\n", b"0\r\n\r\n"]
    assert closed == [True]


def test_a_stream_whose_client_leaves_is_closed():
    closed: list[bool] = []
    pieces = answer(answering(Reply(Stream(iter([b"a", b"b"]), lambda: closed.append(True)))))
    next(pieces)
    pieces.close()
    assert closed == [True]


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\x00", "\u20ac"])
def test_a_header_that_would_leave_its_line_is_never_sent(value):
    with pytest.raises(ValueError, match="does not print|latin-1"):
        start_of(Reply(b""), [("X-Ignored-Fields", value)], keeps_alive=True)


def test_dates_are_those_of_http():
    assert http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"
