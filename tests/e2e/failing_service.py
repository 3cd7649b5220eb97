"""The real server around an engine that fails in the way that a prompt names."""

from flask import Flask

from service.api.app import create_app
from service.engine.requests.generate import GenerateRequest
from service.errors import EngineFailure, QueueFull
from service.observability import log
from service.settings import load_settings
from tests.fake_generation import FakeGeneration
from tests.fakes import FakeEngine


class FailingEngine(FakeEngine):
    """Fails by prompt: "midway" in a stream, "broken" always, "full" every other time."""

    num_full = 0

    def generate(self, request: GenerateRequest) -> FakeGeneration:
        if request.prompt == "broken":
            raise EngineFailure("the model failed on this request")
        if request.prompt == "full":
            self.num_full += 1
            if self.num_full % 2:
                raise QueueFull("9 answers are waiting already", retry_after_s=0.2)
        self.fails_midway = EngineFailure("failed midway") if request.prompt == "midway" else None
        return super().generate(request)


def build() -> Flask:
    """Make the application."""
    settings = load_settings()
    log.configure(settings.log_level)
    return create_app(FailingEngine(), settings)
