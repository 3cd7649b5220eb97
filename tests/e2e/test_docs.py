"""The documentation of the routes: every example works. Its page has tests of its own."""

import re

import pytest
import requests

from service.api.docs.operations import operations
from tests.fake_cards import PNG
from tests.models import publish_classifier, publish_generator
from tests.task_models import publish_tagger, publish_translator

pytestmark = pytest.mark.e2e

BODIES = [
    pytest.param(key, name, id=f"{key} ({name})")
    for key, operation in operations().items()
    for name in operation.examples
]


@pytest.fixture(scope="session")
def base_url(live_service, tmp_path_factory):
    """A service with a tiny model for every verb that is documented."""
    root = tmp_path_factory.mktemp("store")
    publish_classifier(root, extra={"curves.png": PNG})
    publish_generator(root)
    publish_tagger(root)
    publish_translator(root)
    return live_service(store_dir=root)


@pytest.fixture(scope="session")
def document(base_url):
    return requests.get(f"{base_url}/openapi.json", timeout=60).json()


def described(document, key):
    method, rule = key.split()
    path = re.sub("<(.*?)>", r"{\1}", rule)
    operation = document["paths"][path][method.lower()]
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":  # may be left out
            continue
        path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
    return operation, path


@pytest.mark.parametrize(("key", "name"), BODIES)
def test_an_example_works(base_url, document, key, name):
    operation, path = described(document, key)
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    [body] = [one["value"] for one in examples.values() if one["summary"] == name]
    answer = requests.post(base_url + path, json=body, timeout=20)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].split(";")[0] in operation["responses"]["200"]["content"]


@pytest.mark.parametrize("key", [key for key in operations() if key.startswith("GET")])
def test_what_is_fetched_works(base_url, document, key):
    _, path = described(document, key)
    assert requests.get(base_url + path, timeout=60).status_code == 200
