import pytest

from service.api.app import create_app
from service.errors import QueueFull


def classify(client, **headers):
    return client.post("/v1/classify", json={"input": "good"}, headers=headers)


@pytest.mark.parametrize("sent", ["abc", "4f1b-77.x:y/z=@+", "x" * 128])
def test_a_sane_request_id_is_kept(client, records, sent):
    answer = classify(client, **{"X-Request-Id": sent})
    assert answer.headers["X-Request-Id"] == sent
    assert answer.get_json()["id"] == f"classify-{sent}"
    assert records[0].request_id == sent


@pytest.mark.parametrize("sent", ["", "a b", 'a"b', "é", "x" * 129, "a\\b", "{}"])
def test_any_other_request_id_is_replaced(client, sent):
    answer = classify(client, **{"X-Request-Id": sent})
    assert answer.status_code == 200
    assert len(answer.headers["X-Request-Id"]) == 24


def test_made_request_ids_differ(client):
    assert len({classify(client).headers["X-Request-Id"] for _ in range(50)}) == 50


@pytest.mark.parametrize("path", ["/v1/models", "/healthz", "/", "/nix", "/v2/nix"])
def test_every_answer_has_a_request_id(client, path):
    assert client.get(path).headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/v1/models", "/v1/models", 200),
        ("/v1/models/nix", "/v1/models/<model>", 404),
        ("/nix", "unmatched", 404),
        ("/v1/classify", "unmatched", 405),
        ("/healthz", "/healthz", 200),
    ],
)
def test_every_answer_is_observed_once(client, records, path, route, status):
    client.get(path)
    assert [(record.route, record.status, record.method) for record in records] == [
        (route, status, "GET")
    ]


def refuse(request):
    if request.header("Authorization") != "Bearer good":
        raise QueueFull("no")


@pytest.fixture
def guarded(engine, settings, records):
    return create_app(engine, settings, guards=[refuse], observers=[records.append]).test_client()


def test_a_guard_refuses_before_the_engine_is_asked(guarded, engine, records):
    assert classify(guarded).status_code == 503
    assert not engine.requests
    assert records[0].reason == "queue_full"


def test_a_guard_lets_the_others_through(guarded):
    assert classify(guarded, Authorization="Bearer good").status_code == 200


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/nix", "/nix"])
def test_an_observer_that_fails_changes_no_answer_and_keeps_no_other_from_noting(
    engine, settings, records, caplog, path
):
    """Once tracing's closed the connection: an answer was thrown away for want of a note."""

    def fail(record):
        raise AssertionError("no note")

    observers = [fail, records.append]
    answer = create_app(engine, settings, observers=observers).test_client().get(path)
    assert answer.status_code == (200 if path == "/v1/models" else 404)
    assert len(records) == 1
    assert "was not noted" in caplog.text
