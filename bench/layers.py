"""What each layer adds to a short text's processor time, measured under load, layer by layer.

Command: `python -m bench.layers` (needs wrk). Servers of one worker each, every one with a layer
more than the one before, are loaded in turn, many short rounds. Costs in a loop without a server
(`bench/costs.py`) are about half of these: there caches are warm, here a request finds them full
of what came between.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask
from gevent.server import StreamServer
from prometheus_client import CollectorRegistry

from bench.bare import ANSWER, NoEngine
from bench.loads import CLASSIFY, Scale, warm_up
from bench.models import Models
from bench.servers import GUNICORN, SERVICE_CONF, Server, Servers, free_port, running
from bench.texts import SHORT, classify_bodies, make_texts
from bench.wrk import MISSING, ClosedLoop, is_installed
from service.api.app import create_app
from service.api.handler import Observer
from service.engine.requests.classify import Classification, ClassifyAnswer, ClassifyRequest
from service.engine.types import Timing
from service.observability.deferred_notes import DeferredNotes
from service.observability.log import RequestLog
from service.observability.metrics import Metrics
from service.settings import load_settings

LAYERS = {
    "sockets": "gevent's sockets and the kernel",
    "without_engine": "HTTP, JSON, validation, dispatch",
    "with_notes": "figures and log lines",
    "service": "tokenizing, batching, ONNX Runtime",
}
OTHERS = {
    "function": "a WSGI function without Flask, all by gunicorn",
    "bare": "a bare Flask route",
}


class FixedEngine(NoEngine):
    """An engine that says the same to every text."""

    def answer(self, request: ClassifyRequest) -> ClassifyAnswer:
        """Return the answer."""
        item = ANSWER["data"][0]  # type: ignore[index]
        result = Classification(
            item["label"],
            item["score"],
            tuple(item["probs"]),
            num_tokens=item["num_tokens"],
            truncated=item["truncated"],
        )
        return ClassifyAnswer("sentiment", 1, (result,), Timing(0.0001, 0.0003, batch_size=16))


def without_engine(*, takes_notes: bool = False) -> Flask:
    """Make the service's application around `FixedEngine`."""
    settings = load_settings()
    observers: list[Observer] = []
    if takes_notes:
        metrics = Metrics(CollectorRegistry(), settings.run_dir)
        observers.append(DeferredNotes([metrics, RequestLog(settings.log_level)]))
    engine: Any = FixedEngine()
    return create_app(engine, settings, observers=observers)


def with_notes() -> Flask:
    """Make the same with figures and log lines."""
    return without_engine(takes_notes=True)


def function() -> Callable[..., Iterable[bytes]]:
    """Make a WSGI function that reads its body and answers what the bare Flask route does."""
    body = json.dumps(ANSWER).encode()

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]

    answer.extensions = {"engine": NoEngine()}  # type: ignore[attr-defined]
    return answer


def serve_sockets(port: int) -> None:
    """Answer whatever comes over gevent's sockets with the same bytes."""
    body = json.dumps(ANSWER).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def handle(connection: Any, address: Any) -> None:
        while connection.recv(8192):
            connection.sendall(answer)

    StreamServer(("127.0.0.1", port), handle).serve_forever()


def start(servers: Servers, layer: str, models: Models) -> Server:
    """Start a server that has all layers up to this one."""
    if layer == "service":
        return servers.service(models, 1)
    if layer == "bare":
        return servers.bare(models, 1)
    env = {"WORKERS": "1", "STORE_DIR": str(models.store_dir)}
    if layer == "sockets":
        port = free_port()
        command = [sys.executable, "-m", "bench.layers", "--serve-sockets", str(port)]
        return servers.start(layer, command, env, port=port)
    return servers.start(layer, (*GUNICORN, *SERVICE_CONF, f"bench.layers:{layer}()"), env)


def cost(server: Server, connections: int) -> float:
    """Return the processor time of a request in microseconds, from a run of a second."""
    server.forget_log()
    bodies = classify_bodies(make_texts(512, SHORT))
    before = server.cpu_s()
    seen = ClosedLoop(server.port, CLASSIFY, bodies, connections=connections, seconds=1).result()
    return (server.cpu_s() - before) / max(1, seen.requests) * 1e6


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--connections", type=int, default=64, help="default: 64")
    parser.add_argument("--rounds", type=int, default=9, help="default: 9")
    parser.add_argument("--serve-sockets", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.serve_sockets:
        serve_sockets(args.serve_sockets)
        return 0
    if not is_installed():
        print(MISSING, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="bench-") as name, running(Path(name)) as servers:
        reference = import_module("bench.reference")  # it needs torch, which no server may load
        models = reference.reference_models(Path(name) / "store")
        started = {layer: start(servers, layer, models) for layer in (*LAYERS, *OTHERS)}
        for server in started.values():
            server.wait_until_ready()
        warm_up(started["service"], Scale(), generates=False)
        seen: dict[str, list[float]] = {layer: [] for layer in started}
        for _ in range(args.rounds):
            for layer, server in started.items():
                seen[layer].append(cost(server, args.connections))
    print_table(seen)
    return 0


def print_table(seen: dict[str, list[float]]) -> None:
    """Print each layer's median and least cost, and what it adds to the one before."""
    print("| layer | µs, median | least | adds |\n| --- | --- | --- | --- |")
    before = 0.0
    for layer, title in {**LAYERS, **OTHERS}.items():
        median, least = statistics.median(seen[layer]), min(seen[layer])
        adds = f"{least - before:.0f}" if layer in LAYERS else ""
        print(f"| {title} | {median:.0f} | {least:.0f} | {adds} |")
        before = least


if __name__ == "__main__":
    sys.exit(main())
