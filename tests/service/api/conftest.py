"""Factory fixtures: settings → engine → app → client, around `FakeEngine`."""

import pytest

from service.api.app import create_app
from service.settings import Settings
from tests.fakes import FakeEngine


@pytest.fixture
def settings():
    return Settings(max_body_bytes=20_000, max_text_chars=5_000, max_texts=8, max_tokens=100)


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def records():
    """The record of each answered request."""
    return []


@pytest.fixture
def app(engine, settings, records):
    return create_app(engine, settings, observers=[records.append])


@pytest.fixture
def client(app):
    return app.test_client()
