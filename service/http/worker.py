"""What the service asks of gunicorn beyond its gevent worker.

- Draining: after SIGTERM running requests and streams end, new ones get 503, idle connections are
  closed, and the worker leaves as soon as nothing runs (gunicorn's own would wait for idle ones).
  What runs too long is told so, streams by an event, before it is cut.
- A worker whose engine is dead leaves, and gunicorn starts another.
- Bodies that arrive too slowly, and clients that do not read, are given up.
- A refused body's rest is not read to its end; its sender still gets to read the answer.
- Errors below WSGI are answered and noted like all others; gunicorn's own log lines are JSON too.
"""

import contextlib
import logging
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.glogging import Logger
from gunicorn.http import errors as http_errors

from service.api.errors import openai_body
from service.api.handler import UNMATCHED, Handler, Route
from service.api.reply import Reply
from service.api.request import Request
from service.http.connection import HeldSocket, Onward
from service.http.fast_path import start_of
from service.http.protocol_checks import check_head, problem_below
from service.http.worker_boot import BootingWorker
from service.observability.log import JsonFormatter
from service.settings import load_settings

POLL_S = 0.1  # how often a worker looks for a signal, in seconds
HEALTH_S = 1.0  # how often it looks at its engine
ENGINE_DEAD = 1  # exit status
MAX_LEFT_BYTES = 65_536  # of an unread body, to keep the connection nevertheless
ENDING_S = 1.0  # requests that are given up at a drain's end have this long to say so
LINGER_S = 2.0  # a client that still sends has this long to read its answer
LINGER_BYTES = 32 * 1024 * 1024  # and may send this much


class JsonLogger(Logger):  # type: ignore[misc]
    """gunicorn's own lines (starts, stops, refused connections) as JSON."""

    def setup(self, cfg: Any) -> None:
        """Set up as usual, then change the format."""
        super().setup(cfg)
        for handler in logging.getLogger("gunicorn.error").handlers:
            handler.setFormatter(JsonFormatter())


class RequestBody:
    """A request's body that must arrive in time.

    Args:
        body: gunicorn's reader.
        timeout_s: Seconds from the first call of `read` in which all of it must arrive.
        on_failure: Called when it does not; the connection is of no use then.
    """

    def __init__(
        self, body: Any, timeout_s: float, on_failure: Callable[[], None] = lambda: None
    ) -> None:
        self._body = body
        self._timeout_s = timeout_s
        self._on_failure = on_failure
        self._deadline: float | None = None

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes.

        Raises:
            TimeoutError: They did not arrive in time.
            ConnectionError: They broke off, or are not what HTTP allows.
        """
        if self._is_here():
            return bytes(self._body.read(size))
        if self._deadline is None:
            self._deadline = time.monotonic() + self._timeout_s
        left_s = max(0.0, self._deadline - time.monotonic())
        try:
            with gevent.Timeout(left_s, TimeoutError("the body came too slowly")):
                return bytes(self._body.read(size))
        except http_errors.ParseException as exc:
            self._on_failure()
            raise ConnectionError(f"its chunks are malformed ({exc})") from exc
        except http_errors.NoMoreData as exc:
            self._on_failure()
            raise ConnectionError("it broke off") from exc
        except TimeoutError:
            self._on_failure()
            raise

    def _is_here(self) -> bool:
        """Tell whether the whole body came with the headers, so that no timer is needed."""
        reader = self._body.reader
        length = getattr(reader, "length", None)
        return length is not None and length <= reader.unreader.buf.getbuffer().nbytes

    @property
    def is_read(self) -> bool:
        """Whether all of it was read."""
        reader = self._body.reader
        left = getattr(reader, "length", None)
        is_over = left == 0 if left is not None else reader.parser is None
        return is_over and not self._body.failed

    @property
    def failed(self) -> bool:
        """Whether the rest of the connection is useless: gunicorn then closes it.

        It would else read the rest of a refused body, however long, before the next request.
        """
        reader = self._body.reader
        left = getattr(reader, "length", None)
        is_short = left <= MAX_LEFT_BYTES if left is not None else reader.parser is None
        return bool(self._body.failed) or not is_short


class Worker(BootingWorker):
    """A gevent worker that drains well and watches its engine."""

    def init_process(self) -> None:
        """Read the settings, then serve."""
        self._settings = load_settings()
        self._client_timeout_s = self._settings.client_timeout_s
        self._metrics_port = self._settings.metrics_port
        self._running = [0]  # requests being answered; a new list counts from a drain's begin
        self._signals: set[int] = set()  # to quit, that have come
        self._is_hurried = False
        self.alive: bool = True
        # gunicorn looks settings up by a slow way, 18 times a request; plain attributes go before.
        self.cfg.__dict__.update({name: each.get() for name, each in self.cfg.settings.items()})
        super().init_process()

    def run(self) -> None:
        """Serve until a signal comes or the engine dies, then drain."""
        servers = [self._listen(sock) for sock in self.sockets]
        engine = self.wsgi.extensions["engine"]
        if (sampler := self.wsgi.extensions.get("sampler")) is not None:
            sampler.num_in_flight = lambda: self._running[0]
            sampler.num_connections = lambda: sum(len(server.pool) for server in servers)
        looked = time.monotonic()
        while self.alive:
            gevent.sleep(POLL_S)
            if time.monotonic() - looked > HEALTH_S:
                looked = time.monotonic()
                self.notify()
                self.alive = self.alive and engine.health().is_alive
        health = engine.health()
        self._drain(engine)
        for server in servers:
            server.stop(timeout=0)  # closes idle connections too
        for chore in self.wsgi.extensions.get("chores", ()):
            chore.stop()
        engine.close(0.0)
        if (notes := self.wsgi.extensions.get("notes")) is not None:
            notes.flush()
        if not health.is_alive:
            self.log.error("The engine is dead (%s); the worker is replaced", health.reason)
            sys.exit(ENGINE_DEAD)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Drain on Ctrl-C as on SIGTERM, and leave at once on the next one.

        One Ctrl-C is SIGINT from the terminal and, sooner or later, SIGQUIT from the master that
        got it too; so the same signal once more is the next one.
        """
        self._is_hurried = self._is_hurried or sig in self._signals
        self._signals.add(sig)
        self.alive = False

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """Serve one request, and end the connection if much of its body is left unread."""
        check_head(req.version, req.headers)
        req.body = body = RequestBody(req.body, self._client_timeout_s, req.force_close)
        should_close = req.should_close
        req.should_close = lambda: body.failed or should_close()  # its answer tells so
        try:
            self._count_and_serve(listener_name, req, sock, addr)
            if body.failed:
                raise StopIteration
            if isinstance(sock, Onward):
                self._follow(sock, req)
                raise StopIteration
        except StopIteration:
            if not body.is_read:
                linger(sock)
            raise

    def _count_and_serve(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Serve one request, counting it as running until its last byte is out."""
        sock.settimeout(self._client_timeout_s)
        running = self._running
        running[0] += 1
        held = HeldSocket(sock)
        try:
            super().handle_request(listener_name, req, held, addr)
            held.flush()
        except StopIteration:
            held.flush()
            raise
        except TimeoutError:
            self.log.info("Closed a connection: the client took too long to read")
            raise StopIteration from None
        finally:
            running[0] -= 1
            sock.settimeout(None)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what never became a request, or broke below the application, in JSON."""
        if isinstance(exc, gevent.GreenletExit):
            return  # an idle connection at the end of a drain
        reply, headers = self._answer_below(exc)
        assert isinstance(reply.body, bytes)
        try:
            client.sendall(start_of(reply, headers, keeps_alive=False) + reply.body)
        except OSError:
            self.log.debug("The client of a refused connection has left")
        linger(client)

    def _answer_below(self, exc: BaseException) -> tuple[Reply, list[tuple[str, str]]]:
        """Make the answer, and take note of it, as for a request that no route takes."""

        def refuse(request: Request) -> Reply:
            if (problem := problem_below(exc)) is None:
                raise exc
            request.record.reason = problem.code
            return Reply(openai_body(problem), problem.status)

        handler = Handler(Route(UNMATCHED, refuse, is_open=True), self.wsgi.extensions["site"])
        return handler({"REQUEST_METHOD": "none"})

    def _listen(self, sock: Any) -> StreamServer:
        sock.setblocking(True)
        pool = Pool(self.worker_connections)
        server = StreamServer(sock, handle=partial(self.handle, sock), spawn=pool)
        if self.cfg.workers > 1:
            server.max_accept = 1  # leave the next connection to another worker
        server.start()
        return server

    def _drain(self, engine: Any) -> None:
        """Wait for the requests that began before as long as may be, then have them fail."""
        engine.drain()
        before, self._running = self._running, [0]
        graceful_s = self._settings.graceful_timeout_s
        deadline = time.monotonic() + graceful_s
        while before[0] > 0 and time.monotonic() < deadline and not self._is_hurried:
            self.notify()
            gevent.sleep(POLL_S)
        if not before[0]:
            return
        why = "at once" if self._is_hurried else f"after GRACEFUL_TIMEOUT_S={graceful_s}"
        self.log.warning("Stopped %s: requests that end with an error: %d", why, before[0])
        engine.close(0.0)
        deadline = time.monotonic() + ENDING_S
        while before[0] > 0 and time.monotonic() < deadline:
            gevent.sleep(POLL_S)


def linger(sock: Any) -> None:
    """Take what a client still sends for a while, after its answer and before the close.

    Bytes that nobody has read make the kernel reset the connection when it is closed, and a reset
    can overtake the answer (RFC 9112, section 9.6).
    """
    left = LINGER_BYTES
    with contextlib.suppress(OSError), gevent.Timeout(LINGER_S, False):
        sock.settimeout(LINGER_S)
        sock.shutdown(socket.SHUT_WR)
        while left > 0 and (data := sock.recv(65_536)):
            left -= len(data)
