import pytest

from service.api.models import ModelPageBody
from service.api.response_schemas import ModelListBody
from tests.fakes import STATUSES


def test_all_versions_are_listed_the_refused_with_their_reason(client):
    data = client.get("/v1/models").get_json()["data"]
    assert [model["id"] for model in data] == [
        "sentiment:1",
        "sentiment",
        "sentiment:3",
        "shakespeare",
        "names",
    ]
    assert (data[2]["state"], data[2]["reason"]) == ("refused", STATUSES[2].reason)
    assert data[1]["metrics"] == {"test_accuracy": 0.9}
    assert data[4]["prompts"] == ["Italian", "Polish"]


def test_the_limits_in_force_are_told_with_the_models(client, settings):
    limits = client.get("/v1/models").get_json()["limits"]
    assert limits["max_text_chars"] == settings.max_text_chars
    assert limits == {name: getattr(settings, name) for name in limits}


@pytest.mark.parametrize(
    ("wanted", "version"),
    [("sentiment", 2), ("sentiment:1", 1), ("sentiment:2", 2), ("sentiment:stable", 2)],
)
def test_a_model_is_found_by_name_version_and_label(client, wanted, version):
    model = client.get(f"/v1/models/{wanted}").get_json()
    assert (model["name"], model["version"], model["object"]) == ("sentiment", version, "model")


@pytest.mark.parametrize("wanted", ["nix", "sentiment:9", "sentiment:", ":1", "names:stable"])
def test_an_unknown_model_is_told_the_known_ones(client, wanted):
    answer = client.get(f"/v1/models/{wanted}")
    error = answer.get_json()["error"]
    assert (answer.status_code, error["code"]) == (404, "model_not_found")
    assert "names, sentiment, shakespeare" in error["message"]


def test_a_model_that_is_nearly_known_is_guessed(client):
    error = client.get("/v1/models/sentimant").get_json()["error"]
    assert "did you mean 'sentiment'? The models are names," in error["message"]


def test_answers_are_what_the_schema_says(client):
    ModelListBody.model_validate_json(client.get("/v1/models").data)
    ModelPageBody.model_validate_json(client.get("/v1/models/sentiment").data)


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/sentiment"])
def test_a_worker_that_knows_of_no_model_says_why(client, engine, monkeypatch, path):
    monkeypatch.setattr(engine, "models", list)
    engine.drain()
    answer = client.get(path)
    assert answer.status_code == 503
    assert answer.get_json()["error"]["message"] == engine.health().reason
