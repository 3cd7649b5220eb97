"""Every Python snippet of docs/clients.md runs as it stands, against a service."""

import re
import warnings

import pytest

from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.e2e

PAGE = (ROOT / "docs" / "clients.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
CLIENTS = (
    "from openai",
    "tritonclient",
    "8000/predict",
    "writer.text_generation",
    "import requests",
)
OF_SHIPPED_MODELS = ("models/pos",)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_snippet_runs_as_it_stands(base_url, capsys, client):
    [snippet] = [snippet for snippet in SNIPPETS if client in snippet]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the clients' own dependencies
        exec(snippet.replace("127.0.0.1:8000", base_url.removeprefix("http://")), {})
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("client", OF_SHIPPED_MODELS)
def test_a_snippet_for_shipped_models_runs_as_it_stands(live_service, capsys, client):
    url = live_service(store_dir=ROOT / "model_store" / "models")
    test_a_snippet_runs_as_it_stands(url, capsys, client)


def test_no_snippet_is_left_out():
    assert len(SNIPPETS) == len(CLIENTS) + len(OF_SHIPPED_MODELS)
