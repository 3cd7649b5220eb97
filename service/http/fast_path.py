"""Plain requests to the busy routes, answered past gunicorn's parser, WSGI and response.

With a small model those cost more than the model does. A request is plain if its head has exactly
the form of `HEAD` and nothing in it needs to be judged: one length, no other coding, no
expectation, no header twice, no odd byte. Every other one goes to gunicorn with all its bytes, so
that there is one place which knows what HTTP forbids. Both ways call the same `Handler`.
"""

import io
import re
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from service.api.body import PIECE_BYTES
from service.api.handler import Handler
from service.api.reply import STATUS_LINES, Reply

HEAD = re.compile(
    rb"POST (/[A-Za-z0-9_/.-]*) HTTP/1\.1\r\n((?:[A-Za-z][A-Za-z0-9-]*:[\x20-\x7e]*\r\n)+)\r\n"
)
JUDGED = frozenset({"HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_UPGRADE"})
MAX_LENGTH_DIGITS = len(str(PIECE_BYTES))
UNPREFIXED = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
CRLF = "\r\n"
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a plain request's head may be.

    Args:
        head_bytes: All of it.
        num_headers: Headers.
    """

    head_bytes: int
    num_headers: int


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a plain request.

    Args:
        path: Its path.
        environ: Its headers as WSGI has them.
        end: Where in the bytes its body begins.
        length: Bytes of its body.
    """

    path: str
    environ: dict[str, Any]
    end: int
    length: int


def read_head(data: bytes, limits: Limits) -> Head | None:
    """Read the head at the beginning of `data`; None if it is not there or not plain."""
    found = HEAD.match(data)
    if found is None or found.end() > limits.head_bytes:
        return None
    lines = found[2].decode("ascii").split("\r\n")
    lines.pop()  # what follows the last line break
    environ: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(":")
        key = name.upper().replace("-", "_")
        environ[key if key in UNPREFIXED else f"HTTP_{key}"] = value.strip(" ")
    if not len(environ) == len(lines) <= limits.num_headers or not JUDGED.isdisjoint(environ):
        return None
    if "HTTP_HOST" not in environ:
        return None
    if environ.get("HTTP_CONNECTION", "keep-alive").lower() != "keep-alive":
        return None
    length = environ.get("CONTENT_LENGTH", "")
    if not length.isdecimal() or len(length) > MAX_LENGTH_DIGITS or int(length) > PIECE_BYTES:
        return None
    return Head(found[1].decode("ascii"), environ, found.end(), int(length))


class FastPath:
    """Knows the busy routes, and turns bytes into their requests and answers into bytes.

    Args:
        handlers: The busy routes' handlers by exact path.
        limits: Of a head.
    """

    def __init__(self, handlers: Mapping[str, Handler], limits: Limits) -> None:
        self._handlers = handlers
        self._limits = limits

    def head_of(self, data: bytes) -> Head | None:
        """Return the head of the request that `data` begins with, if it is one for here."""
        head = read_head(data, self._limits)
        return head if head is not None and head.path in self._handlers else None

    def answer(
        self, head: Head, body: bytes, connection: Any, *, address: str, keeps_alive: bool
    ) -> Generator[bytes, None, None]:
        """Answer one request.

        Args:
            head: Its head.
            body: Its whole body.
            connection: Its socket, by which it can be seen whether the client has left.
            address: The client's.
            keeps_alive: Whether another request may follow.

        Yields:
            What is to be sent; closing the generator ends a stream.
        """
        environ = head.environ
        environ["REQUEST_METHOD"] = "POST"
        environ["PATH_INFO"] = head.path
        environ["REMOTE_ADDR"] = address
        environ["wsgi.input"] = io.BytesIO(body)
        environ["gunicorn.socket"] = connection
        reply, headers = self._handlers[head.path](environ)
        start = start_of(reply, headers, keeps_alive=keeps_alive)
        if isinstance(reply.body, bytes):
            yield start + reply.body
            return
        try:
            for piece in reply.body:
                if piece:  # an empty chunk would be the last
                    yield b"%b%X\r\n%b\r\n" % (start, len(piece), piece)
                    start = b""
            yield start + LAST_CHUNK
        finally:
            reply.body.close()


def start_of(reply: Reply, headers: list[tuple[str, str]], *, keeps_alive: bool) -> bytes:
    """Write status line and headers as gunicorn does.

    Raises:
        ValueError: A header has something in it that would not stay in its line.
    """
    text = (
        f"HTTP/1.1 {STATUS_LINES[reply.status]}\r\nServer: gunicorn\r\n"
        f"Date: {http_date(int(time.time()))}\r\n"
        f"Connection: {'keep-alive' if keeps_alive else 'close'}\r\n"
    )
    if not isinstance(reply.body, bytes):
        text += "Transfer-Encoding: chunked\r\n"
    lines = list(map(": ".join, headers))
    if not "".join(lines).isprintable():
        raise ValueError("a header of the answer has a character that does not print")
    return f"{text}{CRLF.join(lines)}\r\n\r\n".encode("latin-1")


@lru_cache(maxsize=2)
def http_date(second: int) -> str:
    """Write Unix seconds as HTTP does."""
    return formatdate(second, usegmt=True)
