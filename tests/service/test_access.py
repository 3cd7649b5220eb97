"""Each setting of keys, rates, places and traces does what it says, wired as the service is."""

import logging
import subprocess
import sys
from typing import Any

import pytest

from service import wsgi
from service.access import Access
from service.api.app import create_app
from service.engine.memory import tidy
from service.settings import Settings
from tests.collectors import collector
from tests.e2e.conftest import free_port
from tests.fakes import FakeEngine
from tests.models import publish_classifier
from tests.service.test_auth import line

OPEN = {"/health", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"}


def classify(client):
    return client.post("/v1/classify", json={"input": "good"}).status_code


def client_of(access):
    app = create_app(FakeEngine(), Settings(), guards=access.guards, observers=access.observers)
    return app.test_client()


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A function that builds the whole application with variables; what it started ends."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    publish_classifier(tmp_path / "store")
    started = []

    def make(**variables):
        monkeypatch.setenv("STORE_DIR", str(tmp_path / "store"))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        started.append(wsgi.build())
        return started[-1]

    yield make
    for app in started:
        for chore in app.extensions["chores"]:
            chore.stop()
        app.extensions["engine"].close()
    root.handlers[:], root.level = before


def test_every_route_but_liveness_and_readiness_needs_a_key(build, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(line("ann", "a-key"))
    app = build(API_KEYS_FILE=str(keys))
    without_key, rules = set(), list(app.url_map.iter_rules())
    for rule in rules:
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<path:{argument}>", "x").replace(f"<{argument}>", "x")
        for method in rule.methods:
            body = "{}" if method == "POST" else None
            if app.test_client().open(path, method=method, data=body).status_code != 401:
                without_key.add(rule.rule)
    assert without_key == OPEN
    assert "/metrics" in {rule.rule for rule in rules}


def test_a_worker_follows_the_store_proves_its_models_and_tidies_its_memory(build):
    app = build()
    engine = app.extensions["engine"]
    works = {chore._work for chore in app.extensions["chores"]}
    assert {engine.refresh, engine.prove, tidy, app.extensions["sampler"]} <= works


def test_max_concurrent_bounds_a_callers_open_requests_and_places_are_given_back():
    client = client_of(Access(Settings(max_concurrent=1)))
    fields = {"prompt": "abc", "max_tokens": 5, "stream": True}
    stream = client.post("/v1/generate", json=fields, buffered=False)
    assert classify(client) == 429
    stream.close()
    assert [classify(client) for _ in range(3)] == [200] * 3


def test_a_rate_is_counted_where_the_storage_says(caplog):
    """One request an hour, counted where nobody answers: those who come again are let through."""
    storage = f"redis://127.0.0.1:{free_port()}/0"
    assert "rates" not in caplog.text
    client = client_of(Access(Settings(rate_limit="1/hour", rate_limit_storage=storage)))
    assert [classify(client) for _ in range(3)] == [200] * 3
    assert "rates are not limited for now" in caplog.text
    here = client_of(Access(Settings(rate_limit="1/hour")))
    assert [classify(here) for _ in range(2)] == [200, 429]


def test_nothing_of_traces_is_imported_where_none_are_wanted():
    script = (
        "import sys, service.wsgi; from service.access import Access; "
        "from service.settings import Settings; Access(Settings()); "
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    assert run.stdout == "[]\n"


def test_traces_are_sent_where_the_setting_says(monkeypatch):
    with collector() as (address, paths):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        access = Access(Settings())
        assert classify(client_of(access)) == 200
        observe: Any = access.observers[0]
        observe.__self__.close()  # which sends what is left
    assert paths == ["/v1/traces"]
