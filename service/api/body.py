"""From a request's body to a checked model: size, encoding, content type, JSON, schema."""

import zlib
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from service.api.errors import BodyTooLarge, BodyTooSlow, BodyUnreadable, UnsupportedContent
from service.api.request import Environ, Request
from service.api.schema_errors import schema_error
from service.errors import QueueFull
from service.observability.request_record import RequestRecord

Body = TypeVar("Body", bound=BaseModel)

ANY_CONTAINER = zlib.MAX_WBITS | 32  # gzip or zlib, told apart by their first bytes
PIECE_BYTES = 65_536  # a body up to this long is read in one go
DRAIN_FACTOR = 4  # a body of up to this many times the limit is read to its end, to be refused


class BodyBudget:
    """How many bytes of bodies a worker may hold at the same time, small ones not counted.

    A thousand connections with a large body each would else fill the memory. Bytes count once they
    are here: announcing a large body and sending none of it shuts nobody out.

    Args:
        most: Bytes in all.
    """

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, num_bytes: int, record: RequestRecord) -> None:
        """Count bytes that a request holds from now on.

        Raises:
            QueueFull: So much is held already.
        """
        if num_bytes > self._left:
            raise QueueFull(
                "the bodies of other requests fill the service's memory: try again in a second",
                retry_after_s=1,
            )
        self._left -= num_bytes
        record.held_bytes += num_bytes

    def give_back(self, record: RequestRecord) -> None:
        """Release what a request holds; calling it again does nothing."""
        self._left += record.held_bytes
        record.held_bytes = 0


def read_body(
    environ: Environ, max_bytes: int, take: Callable[[int], None] = lambda num_bytes: None
) -> bytes:
    """Read the whole body and unpack it if it is packed.

    Args:
        environ: The WSGI environment.
        max_bytes: Most bytes to accept, as sent and again once unpacked.
        take: Told of the bytes that are held from now on; may raise.

    Raises:
        BodyTooLarge: It is longer; unless it is much longer it was read to its end, so that a
            client still sending gets to see the answer.
        BodyTooSlow: It did not arrive in time.
        BodyUnreadable: It breaks off, or cannot be unpacked.
        UnsupportedContent: It is packed in another way than gzip or deflate.
    """
    length = environ.get("CONTENT_LENGTH")
    source = environ["wsgi.input"]
    try:
        if length is None:  # chunked: the server ends it
            body = _read_pieces(source, max_bytes + 1, take)
        elif int(length) <= PIECE_BYTES:
            body = source.read(int(length))
        else:
            body = b"" if int(length) > max_bytes else _read_pieces(source, int(length), take)
        if len(body) > max_bytes or (length is not None and int(length) > max_bytes):
            if int(length or 0) <= DRAIN_FACTOR * max_bytes:
                _drain(source, DRAIN_FACTOR * max_bytes)
            raise BodyTooLarge(_too_large(max_bytes, "longer"))
    except TimeoutError as exc:
        raise BodyTooSlow("the body did not arrive in time; send it faster or in parts") from exc
    except OSError as exc:
        raise BodyUnreadable(f"the body cannot be read: {exc}; send it again") from exc
    packing = environ.get("HTTP_CONTENT_ENCODING")
    if packing is None:
        return body
    body = _unpack(body, packing.strip().lower(), max_bytes)
    take(len(body))
    return body


def _read_pieces(source: Any, most: int, take: Callable[[int], None]) -> bytes:
    """Read up to `most` bytes, accounting for each piece as it comes."""
    pieces = []
    while most > 0 and (piece := source.read(min(PIECE_BYTES, most))):
        take(len(piece))
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def parse_json(model: type[Body], request: Request) -> Body:
    """Check the request's body against `model`.

    Raises:
        UnsupportedContent: The content type is another than JSON's; none at all is fine.
        BodyNotJson: It is empty, or no JSON.
        SchemaError: A field is missing, unknown or not what it may be.
    """
    content_type = request.environ.get("CONTENT_TYPE")
    if content_type and content_type != "application/json":
        check_content_type(content_type)
    body = request.body
    if body.startswith(BOM_UTF8):  # some programs write one
        body = body.removeprefix(BOM_UTF8)
    try:
        return model.model_validate_json(body)
    except ValidationError as exc:
        raise schema_error(exc, model, body) from exc


def check_content_type(content_type: str) -> None:
    """Refuse what is not JSON in UTF-8.

    Raises:
        UnsupportedContent: The content type is another.
    """
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    is_json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    charsets = [part[8:].strip('"') for part in parameters if part.startswith("charset=")]
    if not is_json or any(charset not in ("utf-8", "utf8") for charset in charsets):
        raise UnsupportedContent(
            f"the content type is {content_type[:100]!r}; send JSON in UTF-8 with "
            "'Content-Type: application/json'",
            headers=(("Accept", "application/json"),),
        )


def _unpack(body: bytes, packing: str, max_bytes: int) -> bytes:
    """Unpack a gzip or deflate body, never past `max_bytes`."""
    if packing in ("", "identity"):
        return body
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise UnsupportedContent(
            f"the content encoding is {packing[:100]!r}; send gzip, deflate or none",
            headers=(("Accept-Encoding", "gzip, deflate"),),
        )
    unpacker = zlib.decompressobj(ANY_CONTAINER)
    try:
        unpacked = unpacker.decompress(body, max_bytes + 1)
    except zlib.error as exc:
        reason = str(exc).rpartition(": ")[2]
        raise BodyUnreadable(f"the body is not valid {packing}: {reason}") from exc
    if len(unpacked) > max_bytes:
        raise BodyTooLarge(_too_large(max_bytes, "longer once unpacked"))
    if not unpacker.eof or unpacker.unused_data:
        what = "something follows its end" if unpacker.eof else "its end is missing"
        raise BodyUnreadable(f"the body is not valid {packing}: {what}")
    return unpacked


def _too_large(max_bytes: int, what: str) -> str:
    return (
        f"the body is {what} than {max_bytes} bytes; send the texts in several requests "
        "(MAX_BODY_BYTES is the service's limit)"
    )


def _drain(source: Any, most: int) -> None:
    """Read and forget up to `most` bytes."""
    while most > 0 and (data := source.read(min(65_536, most))):
        most -= len(data)
