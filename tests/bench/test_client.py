"""The benchmark's own HTTP client, against a server that plays what it was told."""

import socket
import threading
import time

import pytest

from bench.client import Connection, ask_all, ask_at_rate

PLAIN = b'HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{"completion_tokens": 20}'
CLOSING = PLAIN.replace(b"\r\nContent", b"\r\nConnection: close\r\nContent")
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKS = [b"6\r\ndata: \r\n", b"6\r\ndata: \r\n", b"0\r\n\r\n"]
REQUEST = b"GET / HTTP/1.1\r\n\r\n"


@pytest.fixture
def serve():
    """Starts a server that sends the same parts to every request, a pause before each."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def answer(connection, parts, pause_s):
        with connection:
            while connection.recv(1000):
                for part in parts:
                    time.sleep(pause_s)
                    connection.sendall(part)
                if b"Connection: close" in parts[0]:
                    return

    def accept(parts, pause_s):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=answer, args=(connection, parts, pause_s))
            thread.start()
            threads.append(thread)

    def start(*parts, pause_s=0.0):
        thread = threading.Thread(target=accept, args=(parts, pause_s))
        thread.start()
        threads.append(thread)
        return listener.getsockname()[1]

    yield start
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join(5)


@pytest.mark.parametrize(
    "parts", [(PLAIN,), (PLAIN[:30], PLAIN[30:]), (CLOSING,)], ids=["whole", "cut", "closing"]
)
def test_every_request_gets_its_answer(serve, parts):
    port = serve(*parts)

    answers = dict(ask_all(port, [REQUEST] * 9, 3))

    assert sorted(answers) == list(range(9))
    assert {answer.num_tokens for answer in answers.values()} == {20}
    assert {answer.status for answer in answers.values()} == {200}


def test_a_stream_ends_with_its_last_chunk_and_tells_the_times_between(serve):
    port = serve(HEAD + CHUNKS[0], *CHUNKS[1:], pause_s=0.02)

    ((_, answer),) = ask_all(port, [REQUEST], 1)

    assert answer.body == b"".join(CHUNKS)
    assert len(answer.gaps_s) == 2
    assert answer.first_s >= 0.02
    assert answer.duration_s >= 0.06


def test_a_head_that_looks_like_a_last_chunk_is_no_end(serve):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Request-Id: 0\r\n\r\n"
    port = serve(head, *CHUNKS, pause_s=0.02)

    ((_, answer),) = ask_all(port, [REQUEST], 1)

    assert answer.body == b"".join(CHUNKS)


def test_time_runs_from_when_a_request_was_due(serve):
    """With one connection and answers of 20 ms, requests due every 5 ms wait ever longer."""
    port = serve(PLAIN, pause_s=0.02)

    answers = list(ask_at_rate(port, [REQUEST], rate=200, seconds=0.1, connections=1))

    assert len(answers) == 20
    assert answers[-1].duration_s > 0.25


def test_a_connection_that_breaks_off_is_an_error(serve):
    port = serve(CLOSING[:-5])

    with pytest.raises(ConnectionError, match="closed after"):
        list(ask_all(port, [REQUEST], 1))


def test_an_unused_connection_can_be_closed():
    Connection(1).close()
