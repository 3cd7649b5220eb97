"""Answers before they take the shape of a server: status, headers and bytes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic_core import to_json

JSON = "application/json"
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus} | {
    499: "499 Client Closed Request"
}
Headers = tuple[tuple[str, str], ...]


class Stream:
    """Chunks of an answer that are made while it is sent.

    Ends with `close`, which every WSGI server calls, also when the client has left before the
    first chunk (a plain generator would then never run its `finally`).

    Args:
        chunks: Makes the chunks.
        on_close: Called once, when all is sent or the client has left.
    """

    def __init__(self, chunks: Iterator[bytes], on_close: Callable[[], None]) -> None:
        self._chunks = chunks
        self._on_close: Callable[[], None] | None = on_close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        """Release what the stream holds; calling it again does nothing."""
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            on_close()


@dataclass(slots=True)
class Reply:
    """An answer, whole or as a stream.

    Args:
        body: All bytes, or a `Stream` of them.
        status: HTTP status.
        content_type: Media type of the body.
        headers: More headers; length, type and request id are added by the handler.
    """

    body: bytes | Stream
    status: int = 200
    content_type: str = JSON
    headers: Headers = ()

    def all_headers(self, request_id: str) -> list[tuple[str, str]]:
        """List the headers to send with this answer to request `request_id`."""
        headers = [
            ("Content-Type", self.content_type),
            ("X-Request-Id", request_id),
            ("X-Content-Type-Options", "nosniff"),
            *self.headers,
        ]
        if isinstance(self.body, bytes):
            headers.append(("Content-Length", str(len(self.body))))
        return headers


def json_reply(value: Any) -> Reply:
    """Answer 200 with `value` as JSON."""
    return Reply(to_json(value, inf_nan_mode="null"))
