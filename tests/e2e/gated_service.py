"""The real server around an engine that waits in the middle until the file `GATE` exists."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from service.api.app import create_app
from service.observability import log
from service.observability.deferred_notes import DeferredNotes
from service.settings import load_settings
from tests.fake_generation import FakeGeneration
from tests.fakes import FakeEngine

LOOK_S = 0.01


@dataclass
class GatedGeneration(FakeGeneration):
    """Writes its first piece at once, and everything else once the gate is open."""

    def events(self, heartbeat_s):
        for place, event in enumerate(super().events(heartbeat_s)):
            while place and not is_open(heartbeat_s):
                yield None
            yield event

    def wait(self, timeout_s):
        return is_open(timeout_s)


class GatedEngine(FakeEngine):
    """Tells with a file beside the gate that a generation has begun."""

    def generate(self, request):
        begun = super().generate(request)
        gate().with_name("begun").touch()
        return GatedGeneration(begun.status, begun.request, self)


def gate():
    return Path(os.environ["GATE"])


def is_open(timeout_s):
    """Wait for the gate, but not for longer than this; return whether it is open."""
    until = time.monotonic() + timeout_s
    while not gate().exists():
        if time.monotonic() >= until:
            return False
        time.sleep(LOOK_S)
    return True


def build() -> Flask:
    """Make the application."""
    settings = load_settings()
    log.configure(settings.log_level)
    observers = [DeferredNotes([log.RequestLog(settings.log_level)])]
    return create_app(GatedEngine(), settings, observers=observers)
