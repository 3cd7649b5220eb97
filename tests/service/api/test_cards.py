"""Model cards over HTTP, in front of `FakeEngine`."""

import pytest

from service.access import Access
from service.api.app import create_app
from service.api.card_schemas import CardBody
from service.settings import Settings
from tests.fake_cards import PNG
from tests.fakes import FakeEngine

CARD = "/v1/models/sentiment/card"
PICTURE = "/v1/models/sentiment/pictures/curves.png"


def test_a_card_is_what_the_schema_says(client):
    card = CardBody.model_validate_json(client.get(CARD).data)
    assert (card.name, card.version, card.task) == ("sentiment", 2, "text-classification")
    assert card.card is not None
    assert card.card.startswith("# sentiment\n")
    assert [picture.name for picture in card.pictures] == ["calibration.png", "curves.png"]


@pytest.mark.parametrize(
    ("wanted", "version"),
    [("sentiment", 2), ("sentiment:1", 1), ("sentiment:stable", 2), ("sentiment:3", 3)],
)
def test_a_card_is_found_by_name_version_and_label_the_refused_too(client, wanted, version):
    assert client.get(f"/v1/models/{wanted}/card").get_json()["version"] == version


def test_a_version_that_is_stored_and_not_served_has_a_card(client):
    """So it can be looked at before it is promoted; `/v1/models` knows nothing of it."""
    assert client.get("/v1/models/sentiment:4").status_code == 404
    assert client.get("/v1/models/sentiment:4/card").get_json()["version"] == 4


def test_all_versions_stand_beside_each_other_with_what_they_are(client):
    versions = client.get(CARD).get_json()["versions"]
    assert [one["version"] for one in versions] == [1, 2, 3, 4]
    assert [one["state"] for one in versions] == ["ready", "ready", "refused", "stored"]
    assert [one["is_default"] for one in versions] == [False, True, False, False]
    assert [one["metrics"]["test_accuracy"] for one in versions] == [0.85, 0.9, 0.91, 0.925]
    assert versions[1]["labels"] == ["stable"]
    assert versions[2]["reason"] == "golden.json: answers differ"


@pytest.mark.parametrize("wanted", ["nix", "sentiment:9", "sentiment:", "sentiment:02", "a:b"])
@pytest.mark.parametrize("rest", ["card", "pictures/curves.png"])
def test_what_is_no_version_has_no_card(client, wanted, rest):
    answer = client.get(f"/v1/models/{wanted}/{rest}")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "model_not_found")


def test_a_picture_is_a_png_tagged_by_its_checksum(client):
    [listed] = [p for p in client.get(CARD).get_json()["pictures"] if p["name"] == "curves.png"]
    answer = client.get(PICTURE)
    assert (answer.data, answer.content_type) == (PNG, "image/png")
    assert answer.headers["ETag"] == f'"{listed["sha256"]}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = client.get(PICTURE, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "name",
    ["nix.png", "README.md", "model.onnx", "..%2F..%2Fserving.json", "%2e%2e", "curves.png%00"],
)
def test_nothing_but_the_pictures_of_the_card_is_given(client, name):
    answer = client.get(f"/v1/models/sentiment/pictures/{name}")
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] in ("picture_not_found", "route_not_found")


@pytest.mark.parametrize("path", [CARD, PICTURE])
def test_a_worker_that_knows_of_no_model_says_why(client, engine, monkeypatch, path):
    monkeypatch.setattr(engine, "models", list)
    engine.drain()
    answer = client.get(path)
    assert answer.status_code == 503
    assert answer.get_json()["error"]["message"] == engine.health().reason


@pytest.mark.parametrize("path", [CARD, PICTURE])
def test_a_card_needs_a_key_where_one_is_needed(tmp_path, path):
    keys = tmp_path / "keys"
    keys.write_text("")
    settings = Settings(api_keys_file=keys)
    app = create_app(FakeEngine(), settings, guards=Access(settings).guards)
    assert app.test_client().get(path).status_code == 401


@pytest.mark.parametrize("path", [CARD, PICTURE])
def test_cards_count_against_the_rate(path):
    settings = Settings(rate_limit="1/hour")
    client = create_app(FakeEngine(), settings, guards=Access(settings).guards).test_client()
    assert [client.get(path).status_code for _ in range(2)] == [200, 429]


def test_a_card_takes_no_post(client):
    assert client.post(CARD).status_code == 405


def test_the_document_knows_both_routes(client):
    paths = client.get("/openapi.json").get_json()["paths"]
    card = paths["/v1/models/{model}/card"]["get"]["responses"]
    picture = paths["/v1/models/{model}/pictures/{picture}"]["get"]["responses"]
    assert "CardBody" in str(card["200"])
    assert list(picture["200"]["content"]) == ["image/png"]
    assert "`picture_not_found`" in picture["404"]["description"]
