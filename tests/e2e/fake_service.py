"""The real server and API around `FakeEngine`: `gunicorn -c ... tests.e2e.fake_service:build()`."""

from flask import Flask

from service import log
from service.api.app import create_app
from service.settings import load_settings
from tests.fakes import FakeEngine


def build() -> Flask:
    """Make the application as `service.wsgi` does, with an engine that needs no models."""
    settings = load_settings()
    log.configure(settings.log_level)
    observers = [log.RequestLog(settings.log_level)]
    return create_app(FakeEngine(), settings, observers=observers)
