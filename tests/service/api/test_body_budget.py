import io

import pytest

from service.api.app import create_app
from service.api.body import PIECE_BYTES, BodyBudget, read_body
from service.errors import QueueFull
from service.record import RequestRecord
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
