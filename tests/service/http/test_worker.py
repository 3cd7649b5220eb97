import signal

import gevent
import pytest
from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.unreader import IterUnreader

from service.api.app import create_app
from service.http.connection import HeldSocket
from service.http.worker import (
    MAX_LEFT_BYTES,
    RequestBody,
    Worker,
)
from service.observability.request_record import RequestRecord
from service.settings import Settings
from tests.fakes import FakeEngine


class Sink:
    """A connection that keeps what is sent."""

    def __init__(self):
        self.sent = []

    def sendall(self, data):
        self.sent.append(data)


class Never(IterUnreader):  # type: ignore[misc]
    """A client that sends what it has, then nothing more, ever."""

    def chunk(self, size_hint=None):
        return super().chunk(size_hint) or gevent.sleep(60)


class Request:
    """What gunicorn's chunked reader asks of a request."""

    limit_request_field_size = 100
    max_buffer_headers = 1_000

    def parse_headers(self, data, from_trailer):
        return []


def with_length(length, *parts, unreader=IterUnreader):
    return RequestBody(Body(LengthReader(unreader(parts), length)), timeout_s=0.05)


def chunked(*parts, unreader=IterUnreader):
    return RequestBody(Body(ChunkedReader(Request(), unreader(parts))), timeout_s=0.05)


@pytest.mark.parametrize(
    "body", [with_length(4, b"ab", b"cd"), chunked(b"2\r\nab\r\n", b"2\r\ncd\r\n0\r\n\r\n")]
)
def test_a_body_that_arrives_is_read_and_leaves_the_connection_usable(body):
    assert not body.is_read
    assert body.read(100) == b"abcd"
    assert body.is_read
    assert not body.failed


def test_a_body_that_came_with_the_headers_needs_no_timer():
    unreader = IterUnreader([])
    unreader.unread(b"abcd")
    body = RequestBody(Body(LengthReader(unreader, 4)), timeout_s=0.0)
    assert body.read(4) == b"abcd"


def test_a_body_that_does_not_come_is_told_so_that_the_connection_closes():
    told = []
    body = RequestBody(Body(LengthReader(Never([b"ab"]), 4)), 0.01, lambda: told.append(True))
    with pytest.raises(TimeoutError):
        body.read(4)
    assert told == [True]


@pytest.mark.parametrize(
    "body", [with_length(4, b"ab", unreader=Never), chunked(b"4\r\nab", unreader=Never)]
)
def test_a_body_that_stops_coming_is_given_up(body):
    with pytest.raises(TimeoutError):
        body.read(100)
    assert body.failed
    assert not body.is_read


class Drip(IterUnreader):  # type: ignore[misc]
    """A client that goes on sending, a little now and then."""

    def chunk(self, size_hint=None):
        gevent.sleep(0.01)
        return b"400\r\n%b\r\n" % (b"a" * 1024)  # as much as gunicorn reads at once


@pytest.mark.parametrize("reader_of", [with_length, chunked], ids=["length", "chunked"])
def test_a_bodys_time_is_that_of_all_its_pieces(reader_of):
    arguments = (10**9,) if reader_of is with_length else ()
    body = reader_of(*arguments, unreader=lambda parts: Drip([]))
    with pytest.raises(TimeoutError):
        any(not body.read(1024) for _ in range(100))
    assert body.failed


@pytest.mark.parametrize("parts", [(b"zz\r\n",), (b"4\r\nabcdef\r\n",), (b"4\r\nab",)])
def test_malformed_or_broken_chunks_are_errors_of_the_connection(parts):
    body = chunked(*parts)
    with pytest.raises(ConnectionError):
        body.read(100)
    assert body.failed


def test_only_a_short_rest_is_read_to_keep_the_connection():
    assert not with_length(MAX_LEFT_BYTES, b"a").failed
    assert with_length(MAX_LEFT_BYTES + 1, b"a").failed
    assert chunked(b"1\r\na\r\n0\r\n\r\n").failed


def test_headers_are_sent_with_the_first_bytes_of_the_body():
    sink = Sink()
    held = HeldSocket(sink)
    held.sendall(b"head;")
    assert sink.sent == []
    held.sendall(b"one;")
    held.sendall(b"two;")
    held.flush()
    assert sink.sent == [b"head;one;", b"two;"]


def test_headers_without_a_body_are_sent_at_the_end():
    sink = Sink()
    held = HeldSocket(sink)
    held.sendall(b"head;")
    held.flush()
    held.flush()
    assert sink.sent == [b"head;"]


def test_everything_else_of_a_held_connection_is_its_own():
    sink = Sink()
    assert HeldSocket(sink).sent is sink.sent


def test_a_failure_of_the_server_itself_is_answered_and_noted():
    records: list[RequestRecord] = []
    worker = Worker.__new__(Worker)
    worker.wsgi = create_app(FakeEngine(), Settings(), observers=[records.append])
    reply, headers = worker._answer_below(ZeroDivisionError("secret"))
    assert (reply.status, b"secret" in reply.body) == (500, False)
    [record] = records
    assert (record.route, record.status, record.reason) == ("unmatched", 500, "internal_error")
    assert ("X-Request-Id", record.request_id) in headers


def test_a_ctrl_c_is_two_signals_however_late_the_second_comes_and_the_next_one_hurries():
    worker = Worker.__new__(Worker)
    worker._signals, worker._is_hurried = set(), False
    seen = []
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT):
        worker.handle_quit(number, None)
        seen.append((worker.alive, worker._is_hurried))
    assert seen == [(False, False), (False, False), (False, True)]
