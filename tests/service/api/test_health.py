import pytest


@pytest.mark.parametrize("path", ["/health", "/healthz"])
def test_a_live_worker_says_so_while_it_drains(client, engine, path):
    engine.drain()
    assert client.get(path).get_json() == {"status": "ok"}


def test_ready_means_that_requests_are_answered(client):
    assert client.get("/readyz").status_code == 200
    assert client.post("/v1/classify", json={"input": "good"}).status_code == 200


@pytest.mark.parametrize("state", ["draining", "dead"])
def test_not_ready_says_why(client, engine, state):
    if state == "draining":
        engine.drain()
    else:
        engine.is_alive = False
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.get_json()["error"]["message"] == engine.health().reason


def test_new_requests_are_refused_while_draining(client, engine):
    engine.drain()
    answer = client.post("/v1/generate", json={"prompt": "a"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "not_ready")
