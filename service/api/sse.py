"""Server-sent events: their bytes and headers (WHATWG HTML, section 9.2)."""

from typing import Any

from pydantic_core import to_json

from service.api.reply import Headers

EVENT_STREAM = "text/event-stream; charset=utf-8"
# A cache would replay a stream, and nginx would hold it back to fill its buffer.
STREAM_HEADERS: Headers = (("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no"))
HEARTBEAT = b": still here\n\n"
DONE = b"data: [DONE]\n\n"


def event(value: Any) -> bytes:
    """Write `value` as one event; JSON has no line breaks, so one data line is enough."""
    return event_of(to_json(value, inf_nan_mode="null"))


def event_of(data: bytes) -> bytes:
    """Write `data`, JSON already, as one event."""
    return b"data: " + data + b"\n\n"
