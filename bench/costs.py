"""What each part of answering one short text costs, in processor time, without a server.

Command: `python -m bench.costs`. It calls the parts in a loop, and for what cannot be called alone
the whole WSGI application with and without it.
"""

import argparse
import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from bench.bare import build as build_bare
from bench.limits import classify_loop
from bench.models import Models
from bench.reference import reference_models
from bench.texts import SHORT, classify_bodies, make_texts
from service.access import Access
from service.api.app import create_app
from service.api.handler import Observer
from service.api.tasks.classification.schemas import ClassifyAsk
from service.engine.engine import Engine
from service.engine.requests.classify import ClassifyAnswer, ClassifyRequest
from service.engine.types import Health
from service.observability.deferred_notes import DeferredNotes
from service.observability.log import RequestLog
from service.settings import Settings
from service.wsgi import engine_options

CALLS, REPEATS = 2000, 7
Call = Callable[[], object]


class FixedEngine:
    """An engine that knows the answer.

    Args:
        answer: What it says to every text.
    """

    def __init__(self, answer: ClassifyAnswer) -> None:
        """Remember the answer."""
        self._answer = answer

    def answer(self, request: ClassifyRequest) -> ClassifyAnswer:
        """Return the answer."""
        return self._answer

    def health(self) -> Health:
        """Say that all is well."""
        return Health(is_ready=True, reason="")


def microseconds(call: Call) -> float:
    """Return the processor time of a call, the least of several averages."""
    averages = []
    for _ in range(REPEATS):
        started = time.process_time()
        for _ in range(CALLS):
            call()
        averages.append((time.process_time() - started) / CALLS)
    return min(averages) * 1e6


def measure(models: Models) -> Iterator[tuple[str, float]]:
    """Measure every part; yield what it is and its microseconds."""
    settings = Settings(
        store_dir=models.store_dir,
        default_classifier=models.classifier,
        default_generator=models.generator,
    )
    engine = Engine(engine_options(settings))
    engine.start()
    (text,) = make_texts(1, SHORT)
    (body,) = classify_bodies([text])
    request = ClassifyRequest((text,))
    fixed: Any = FixedEngine(engine.answer(request))
    access = Access(settings)
    silent = DeferredNotes([RequestLog(settings.log_level, write=_discard())])

    def timed(app_engine: Any, observers: Sequence[Observer], *, guarded: bool = False) -> float:
        guards = access.guards if guarded else ()
        app = create_app(app_engine, settings, guards=guards, observers=observers)
        return microseconds(_wsgi_call(app, body))

    observers: list[Observer] = [*access.observers, silent]
    nothing, whole = timed(fixed, []), timed(fixed, observers, guarded=True)
    yield (
        "the request's JSON and its validation",
        microseconds(lambda: ClassifyAsk.model_validate_json(body)),
    )
    answer = json.loads(b"".join(_call(create_app(fixed, settings), body)))
    yield "the answer's JSON", microseconds(lambda: to_json(answer, inf_nan_mode="null"))
    yield "the log line", timed(fixed, [silent]) - nothing
    yield "keys, rates and counters, none of them set", whole - timed(fixed, [silent])
    yield "everything between WSGI and the engine, these included", whole
    yield "the same through Flask instead of past it", _through_flask(fixed, settings, body)
    yield "a bare Flask route (JSON in, JSON out)", microseconds(_wsgi_call(build_bare(), body))
    yield from _engine_parts(engine, models, text)
    yield "the engine, one text alone", microseconds(lambda: engine.answer(request))
    yield "all of it, one text alone", timed(engine, observers, guarded=True)
    engine.close()


def _engine_parts(engine: Engine, models: Models, text: str) -> Iterator[tuple[str, float]]:
    stored = models.versions()[0]
    tokenizer = stored.tokenizer()
    yield "tokenizing", microseconds(lambda: tokenizer.encode_ids_batch([text]))
    one, sixteen = classify_loop(stored, 1, SHORT), classify_loop(stored, 16, SHORT)
    yield "tokenizing and ONNX Runtime, raw, alone", microseconds(one)
    yield "tokenizing and ONNX Runtime, raw, one of 16", microseconds(sixteen) / 16


def _through_flask(fixed: Any, settings: Settings, body: bytes) -> float:
    app = create_app(fixed, settings)
    short_cut: Any = app.wsgi_app
    return microseconds(lambda: list(short_cut.fallback(_environ(body), _start_response)))


def _wsgi_call(app: Any, body: bytes) -> Call:
    return lambda: _call(app, body)


def _call(app: Any, body: bytes) -> Iterable[bytes]:
    chunks: Iterable[bytes] = app(_environ(body), _start_response)
    return list(chunks)


def _environ(body: bytes) -> dict[str, Any]:
    """Return what gunicorn gives for a request, as far as the application looks at it."""
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/classify",
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    }


def _start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
    assert status.startswith("200"), status


def _discard() -> Callable[[bytes], None]:
    """Return a writer that costs the system call and keeps nothing."""
    fd = os.open(os.devnull, os.O_WRONLY)

    def write(line: bytes) -> None:
        os.write(fd, line)

    return write


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, cost in measure(reference_models(Path(folder))):
            print(f"| {name} | {cost:.1f} |", flush=True)


if __name__ == "__main__":
    main()
