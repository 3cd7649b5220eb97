import socket

import pytest

from tests.fakes import FakeEngine


@pytest.fixture
def engine():
    return FakeEngine(is_slow=True)


@pytest.fixture
def connection():
    """The server's and the client's end of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def generate(client, ours):
    return client.post(
        "/v1/generate", json={"prompt": "hello"}, environ_overrides={"gunicorn.socket": ours}
    )


def test_a_client_that_waits_gets_its_whole_text(client, engine, connection):
    ours, _ = connection
    assert generate(client, ours).status_code == 200
    assert engine.generations[0].num_waits == 2


def test_a_client_that_already_sends_its_next_request_is_still_there(client, connection):
    ours, theirs = connection
    theirs.sendall(b"POST")
    assert generate(client, ours).status_code == 200
    assert ours.recv(4) == b"POST"


@pytest.mark.parametrize("end", ["closed", "reset"])
def test_a_client_that_left_ends_its_generation(client, engine, connection, records, end):
    ours, theirs = connection
    theirs.close()
    if end == "reset":
        ours.close()  # any error of the connection counts as gone
    assert generate(client, ours).status_code == 499
    assert engine.generations[0].is_cancelled
    assert records[0].reason == "cancelled"


def test_where_the_connection_cannot_be_seen_the_client_counts_as_there(client):
    assert client.post("/v1/generate", json={"prompt": "hello"}).status_code == 200
