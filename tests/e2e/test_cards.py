"""Model cards through the real server: read beside what is served, never from elsewhere."""

import socket
from hashlib import sha256

import pytest
import requests

from service.api.card_schemas import CardBody
from tests.fake_cards import PNG

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def url(live_service, carded_store):
    return live_service(store_dir=carded_store.root)


def get(url, path, **headers):
    return requests.get(f"{url}/v1/models/{path}", headers=headers, timeout=30)


def raw_status(url, target):
    """Ask for a path as it stands; clients tidy theirs up."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(
            f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        return int(connection.makefile("rb").readline().split()[1])


def test_a_version_that_is_not_served_is_told_in_full(url):
    card = CardBody.model_validate_json(get(url, "sentiment:2/card").content)
    assert (card.version, card.metrics) == (2, {"made_up": 0.75})
    assert [(one.version, one.state) for one in card.versions] == [(1, "ready"), (2, "stored")]
    assert card.card is not None
    assert "## Confusion" in card.card


def test_a_version_without_a_card_has_its_figures_and_command(url):
    card = CardBody.model_validate_json(get(url, "sentiment/card").content)
    assert (card.version, card.card, card.pictures) == (1, None, [])
    assert (card.metrics, card.command) == ({"made_up": 0.5}, "tests/models.py")


def test_a_picture_is_sent_once_and_then_known_by_its_checksum(url):
    first = get(url, "sentiment:2/pictures/curves.png")
    assert (first.content, first.headers["Content-Type"]) == (PNG, "image/png")
    assert first.headers["ETag"] == f'"{sha256(PNG).hexdigest()}"'
    path = "sentiment:2/pictures/curves.png"
    again = get(url, path, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "target",
    [
        "/v1/models/sentiment:2/pictures/../../../serving.json",
        "/v1/models/sentiment:2/pictures/..%2f..%2fserving.json",
        "/v1/models/sentiment:2/pictures/%2e%2e%2f1%2fmodel.onnx",
        "/v1/models/sentiment:2/pictures/model.onnx",
        "/v1/models/sentiment:2/pictures/manifest.json",
        "/v1/models/..%2fcarded0%2fsentiment:2/card",
        "/v1/models/%2e%2e/card",
        "/v1/models/sentiment%00:2/card",
    ],
)
def test_no_path_leads_out_of_a_card(url, target):
    assert raw_status(url, target) == 404
