import pytest

from service.api.app import create_app
from service.api.body import BodyBudget
from service.errors import QueueFull
from service.settings import Settings
from tests.fakes import FakeEngine

KIB = 1024


def test_bodies_share_a_budget_and_give_it_back():
    budget = BodyBudget(10, most_each=8)
    taken = budget.take({"CONTENT_LENGTH": "6"})
    with pytest.raises(QueueFull) as full:
        budget.take({"CONTENT_LENGTH": "5"})
    assert full.value.retry_after_s == 1
    assert budget.take({"CONTENT_LENGTH": "4"}) == 4
    budget.give_back(taken)
    assert budget.take({"CONTENT_LENGTH": "6"}) == 6


@pytest.mark.parametrize(
    "environ",
    [{}, {"CONTENT_LENGTH": "3", "HTTP_CONTENT_ENCODING": "gzip"}, {"CONTENT_LENGTH": "999"}],
    ids=["chunked", "packed", "too long"],
)
def test_a_body_whose_size_is_not_known_counts_as_the_longest(environ):
    assert BodyBudget(10, most_each=8).take(environ) == 8


def test_every_request_gives_back_what_it_took():
    settings = Settings(max_body_bytes=4 * KIB, max_bodies_bytes=4 * KIB)
    client = create_app(FakeEngine(), settings).test_client()
    for body in ({"input": "good"}, {"input": ""}, {"input": "a" * 5 * KIB}):
        client.post("/v1/classify", json=body)
    with client.post("/v1/generate", json={"prompt": "abc", "stream": True}, buffered=False) as one:
        assert one.status_code == 200
        longest = {"input": "good " * 812}
        refused = client.post("/v1/classify", json=longest)
        assert (refused.status_code, refused.get_json()["error"]["code"]) == (503, "queue_full")
        assert refused.headers["Retry-After"] == "1"
    assert client.post("/v1/classify", json=longest).status_code == 200
