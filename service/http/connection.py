"""A connection's requests one by one: plain ones by `fast_path`, every other one by gunicorn."""

import contextlib
import time
from typing import Any

from gunicorn.workers.ggevent import GeventWorker

from service.http.fast_path import FastPath, Head, Limits

FIRST_BYTES = 16_384  # read at once; most requests are shorter
REST_S = 0.1  # how long the rest of a plain request's body may take; gunicorn's way knows the rest


class Onward:
    """A connection handed to gunicorn for one request, with the bytes already read of it.

    Args:
        sock: The connection.
        data: The bytes.
    """

    def __init__(self, sock: Any, data: bytes) -> None:
        self._sock_of_all = sock
        self._data = data
        self.following: bytes | None = None
        """What came after the request, if another may follow it; None if not."""

    def recv(self, size: int, *flags: int) -> bytes:
        """Read the bytes already read first."""
        if self._data and not flags:
            data, self._data = self._data[:size], self._data[size:]
            return data
        received: bytes = self._sock_of_all.recv(size, *flags)
        return received

    def close(self) -> None:
        """Close the connection unless another request may follow."""
        if self.following is None:
            self._sock_of_all.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock_of_all, name)


class HeldSocket:
    """A connection that keeps the first bytes, the headers, to send them with those that follow.

    One system call less per answer, which is a twentieth of what a small one costs.

    Args:
        sock: The connection.
    """

    def __init__(self, sock: Any) -> None:
        self._all = sock
        self._held: bytes | None = b""

    def sendall(self, data: bytes) -> None:
        """Keep the first bytes; send them with the second, and everything else at once."""
        if self._held is None:
            self._all.sendall(data)
        elif not self._held:
            self._held = data
        else:
            held, self._held = self._held, None
            self._all.sendall(held + data)

    def flush(self) -> None:
        """Send what is kept."""
        if self._held:
            held, self._held = self._held, None
            self._all.sendall(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._all, name)


class FastPathWorker(GeventWorker):  # type: ignore[misc]
    """A gevent worker with a fast lane for plain requests to the busy routes.

    A subclass sets `_running`, `_client_timeout_s` and `_metrics_port`, at which there is no lane,
    before it serves.
    """

    _running: list[int]
    _client_timeout_s: float
    _metrics_port: int | None

    def load_wsgi(self) -> None:
        """Load the application, and learn its busy routes."""
        super().load_wsgi()
        cfg = self.cfg
        handlers = getattr(self.wsgi, "extensions", {}).get("busy_routes", {})
        if cfg.accesslog or cfg.max_requests:  # gunicorn would miss those requests
            handlers = {}
        head_bytes = min(cfg.limit_request_line, cfg.limit_request_field_size)
        self._has_lane = bool(handlers)
        self._express = FastPath(handlers, Limits(head_bytes, cfg.limit_request_fields))

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection until one side closes it."""
        if not self._has_lane or listener.getsockname()[1] == self._metrics_port:
            super().handle(listener, client, addr)
            return
        data: bytes | None = b""
        try:
            while data or (data is not None and (data := self._first_bytes(client))):
                head = self._express.head_of(data)
                if head is not None:
                    data = self._with_rest(client, data, head.end + head.length)
                if head is not None and len(data) >= head.end + head.length:
                    data = self._serve(head, data, client, addr)
                else:
                    onward = Onward(client, data)
                    super().handle(listener, onward, addr)
                    data = onward.following
        except TimeoutError:
            self.log.info("Closed a connection: the client took too long to read")
        except OSError as exc:
            self.log.debug("A client left: %s", exc)
        except Exception as exc:
            self.handle_error(None, client, addr, exc)
        finally:
            client.close()

    def _first_bytes(self, client: Any) -> bytes:
        """Wait for a request; return nothing if the client has left or is idle for too long."""
        client.settimeout(self.cfg.keepalive)
        try:
            received: bytes = client.recv(FIRST_BYTES)
        except TimeoutError:
            return b""
        return received

    def _with_rest(self, client: Any, data: bytes, size: int) -> bytes:
        """Return `data` with what is missing to `size` bytes, if it comes at once."""
        deadline = time.monotonic() + REST_S if len(data) < size else 0.0
        while len(data) < size and (left_s := deadline - time.monotonic()) > 0:
            client.settimeout(left_s)
            try:
                piece = client.recv(size - len(data))
            except TimeoutError:
                break
            if not piece:
                break
            data += piece
        return data

    def _serve(self, head: Head, data: bytes, client: Any, addr: Any) -> bytes | None:
        """Answer a plain request; return the bytes after it, or None if it is the last."""
        end = head.end + head.length
        running, keeps_alive = self._running, bool(self.alive)
        running[0] += 1
        pieces = self._express.answer(
            head, data[head.end : end], client, address=addr[0], keeps_alive=keeps_alive
        )
        has_begun = False
        try:
            for piece in pieces:
                has_begun = True
                self._send(client, piece)
        except Exception as exc:
            if not has_begun or isinstance(exc, OSError):
                raise
            self.log.exception("Failed in the middle of an answer")
            return None
        finally:
            pieces.close()
            running[0] -= 1
        return data[end:] if keeps_alive else None

    def _send(self, client: Any, data: bytes) -> None:
        """Send at once what goes, and the rest within the client's time."""
        try:
            sent = client.send(data, 0, 0.0)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            client.settimeout(self._client_timeout_s)
            client.sendall(memoryview(data)[sent:])

    def _follow(self, onward: Onward, req: Any) -> None:
        """Take a connection back after a request that gunicorn has answered."""
        with contextlib.suppress(OSError):  # the rest of its body does not come: it is closed
            while req.body.read(1024):
                pass
            onward.following = req.unreader.take_buffered()
