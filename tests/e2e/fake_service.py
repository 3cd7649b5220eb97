"""The real server and API around `FakeEngine`: `gunicorn -c … tests.e2e.fake_service:build()`."""

from flask import Flask

from service.api.app import create_app
from service.observability import log
from service.observability.deferred_notes import DeferredNotes
from service.settings import load_settings
from tests.fakes import FakeEngine

PAUSE_S = 0.05


def build() -> Flask:
    """Make the application as `service.wsgi` does, with an engine that needs no models.

    It takes a moment for each piece of text, and dies of the text "die".
    """
    settings = load_settings()
    log.configure(settings.log_level)
    engine = FakeEngine(pause_s=PAUSE_S, dies_of="die")
    return create_app(
        engine, settings, observers=[DeferredNotes([log.RequestLog(settings.log_level)])]
    )
