"""What keys, limits and figures each add to a request, in processor time, without a server.

Command: `python -m bench.operations_parts`. Everything is on at once in the last line; each is
measured as the whole application with it and without. `bench.operations` measures a whole server.
"""

import argparse
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# prometheus_client reads it when it is imported: figures are written to files, as in the service.
_folder = tempfile.TemporaryDirectory(prefix="rnn-bench-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = _folder.name

from prometheus_client import CollectorRegistry  # noqa: E402

from bench.costs import FixedEngine, microseconds  # noqa: E402
from bench.operations import PLACES, RATE, write_keys  # noqa: E402
from service.access import Access  # noqa: E402
from service.api.app import create_app  # noqa: E402
from service.engine.requests.classify import Classification, ClassifyAnswer  # noqa: E402
from service.engine.types import Timing  # noqa: E402
from service.observability.deferred_notes import DeferredNotes  # noqa: E402
from service.observability.metrics import Metrics  # noqa: E402
from service.settings import Settings  # noqa: E402

BODY = b'{"input": "a tender, funny and beautifully acted film"}'
ANSWER = ClassifyAnswer(
    "sentiment",
    1,
    (Classification("positive", 0.9, (0.1, 0.9), num_tokens=9, truncated=False),),
    Timing(queue_s=0.0001, compute_s=0.0003, batch_size=4),
)


def measure(folder: Path) -> Iterator[tuple[str, float]]:
    """Measure each part and all together; yield what it is and its microseconds."""
    keys_file, key = write_keys(folder)
    keys = {"api_keys_file": keys_file}
    rates = {"rate_limit": RATE, "run_dir": folder}
    places = {"max_concurrent": PLACES}
    nothing = cost_of({}, key)
    yield "figures", cost_of({}, key, has_figures=True) - nothing
    yield "an API key, one of a hundred", cost_of(keys, key) - nothing
    yield "a rate limit", cost_of(rates, key) - nothing
    yield "a limit of requests at the same time", cost_of(places, key) - nothing
    yield "all of these", cost_of(keys | rates | places, key, has_figures=True) - nothing


def cost_of(changes: dict[str, Any], key: str, *, has_figures: bool = False) -> float:
    """Return the microseconds of a request with these settings."""
    settings = Settings(**changes)
    access = Access(settings)
    observers = [*access.observers]
    if has_figures:
        observers.append(DeferredNotes([Metrics(CollectorRegistry())]))
    engine: Any = FixedEngine(ANSWER)
    app: Any = create_app(engine, settings, guards=access.guards, observers=observers)
    return microseconds(_call(app, f"Bearer {key}"))


def _call(app: Any, authorization: str) -> Callable[[], object]:
    def call() -> object:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/v1/classify",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(BODY)),
            "HTTP_AUTHORIZATION": authorization,
            "wsgi.input": io.BytesIO(BODY),
        }
        return app(environ, _start_response)

    return call


def _start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
    assert status.startswith("200"), status


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, cost in measure(Path(folder)):
            print(f"| {name} | {cost:.1f} |", flush=True)


if __name__ == "__main__":
    main()
