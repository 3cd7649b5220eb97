import gzip
import io
import tracemalloc

import pytest

from service.api.app import create_app
from service.api.body import PIECE_BYTES, BodyBudget, read_body
from service.api.errors import BodyTooLarge
from service.errors import QueueFull
from service.observability.request_record import RequestRecord
from service.settings import Settings
from tests.fakes import FakeEngine

LARGE = {"input": ["good " * 1000] * 20}
SMALL = {"input": "good"}


def record():
    return RequestRecord("id", "POST", "/", 0.0)


def test_bodies_share_a_budget_and_give_it_back():
    budget = BodyBudget(10)
    one, two = record(), record()
    budget.take(6, one)
    with pytest.raises(QueueFull) as full:
        budget.take(5, two)
    assert full.value.retry_after_s == 1
    budget.take(4, two)
    budget.give_back(one)
    budget.give_back(one)
    budget.take(6, two)
    assert (one.held_bytes, two.held_bytes) == (0, 10)


@pytest.mark.parametrize(
    ("length", "is_told", "taken"),
    [
        (PIECE_BYTES, True, []),
        (PIECE_BYTES + 9, True, [PIECE_BYTES, 9]),
        (PIECE_BYTES + 9, False, [PIECE_BYTES, 9]),
        (9, False, [9]),
    ],
    ids=["small", "large", "chunked", "small chunked"],
)
def test_bytes_count_when_they_are_here(length, is_told, taken):
    environ: dict[str, object] = {"wsgi.input": io.BytesIO(b"a" * length)}
    if is_told:
        environ["CONTENT_LENGTH"] = str(length)
    seen: list[int] = []
    assert read_body(environ, 10 * PIECE_BYTES, seen.append) == b"a" * length
    assert seen == taken


def packed(num_bytes):
    body = gzip.compress(bytes(num_bytes))
    return {
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": "gzip",
    }


def test_what_a_packed_body_holds_counts_once_unpacked():
    seen: list[int] = []
    assert len(read_body(packed(10 * PIECE_BYTES), 10 * PIECE_BYTES, seen.append)) == sum(seen)
    assert seen == [10 * PIECE_BYTES]


def test_a_packed_body_is_unpacked_no_further_than_it_may_be():
    environ = packed(64 * 1024 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            read_body(environ, PIECE_BYTES)
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_body_that_is_only_announced_shuts_nobody_out():
    client = create_app(FakeEngine(), Settings(max_bodies_bytes=1024)).test_client()
    announced = {"wsgi.input": io.BytesIO(b"{"), "CONTENT_LENGTH": str(PIECE_BYTES + 1)}
    assert client.post("/v1/classify", environ_overrides=announced).status_code == 400
    assert client.post("/v1/classify", json=SMALL).status_code == 200


def test_a_worker_that_holds_all_it_may_refuses_large_bodies_and_answers_small_ones():
    settings = Settings(max_bodies_bytes=120_000, max_text_chars=100_000)
    client = create_app(FakeEngine(), settings).test_client()
    long_prompt = {"prompt": "abc" * 30_000, "stream": True, "max_tokens": 3}
    with client.post("/v1/generate", json=long_prompt, buffered=False) as stream:
        assert stream.status_code == 200
        refused = client.post("/v1/classify", json=LARGE)
        assert (refused.status_code, refused.get_json()["error"]["code"]) == (503, "queue_full")
        assert refused.headers["Retry-After"] == "1"
        assert client.post("/v1/classify", json=SMALL).status_code == 200
    assert client.post("/v1/classify", json=LARGE).status_code == 200
