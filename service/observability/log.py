"""Logs as JSON lines on standard error: one a request, and what went wrong in between.

A request's line is put together by hand, and the lines of requests that were answered together
are written in one call, since they are part of what every request costs. No line holds a text of a
user but those of `note_body`, which somebody has to ask for.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from select import PIPE_BUF

from service.observability.request_record import RequestRecord

logger = logging.getLogger(__name__)

STDERR = 2
MOST_OF_BODY = 3000  # bytes in the log, escapes included: the line then reaches a pipe in one piece
EXTRAS = ("request_id", "body", "body_bytes")  # of a line, beside what every line has
LEAST_STATUSES = {"debug": 0, "info": 0, "warning": 400, "error": 500}


class JsonFormatter(logging.Formatter):
    """Formats a log record as one line of JSON, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a JSON object: time, level, logger, message, exception."""
        line: dict[str, object] = {
            "time": utc(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": record.getMessage(),
        }
        for name in EXTRAS:
            if (extra := getattr(record, name, None)) is not None:
                line[name] = extra
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def utc(seconds: float) -> str:
    """Write Unix `seconds` as ISO 8601 in UTC, with milliseconds."""
    whole = int(seconds)
    return f"{_utc_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=2)
def _utc_second(whole: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))


def configure(level: str) -> None:
    """Send everything logged in this process through `JsonFormatter` to standard error.

    Args:
        level: Least serious level to log: "debug", "info", "warning" or "error".
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def write_stderr(lines: bytes) -> None:
    """Write `lines` to standard error without a buffer, in one system call."""
    os.write(STDERR, lines)


def note_body(request_id: str, body: bytes) -> None:
    """Log what a caller has sent, its beginning if it is long, and how long it is."""
    text = body[:MOST_OF_BODY].decode(errors="replace")
    while len(json.dumps(text)) > MOST_OF_BODY:
        text = text[: len(text) * 3 // 4]
    extras = {"request_id": request_id, "body": text, "body_bytes": len(body)}
    logger.info("a request's body", extra=extras)


class RequestLog:
    """Writes one line for each answered request.

    Args:
        level: Least serious lines to write. Requests that the caller has to change, or to send less
            often, are warnings; those that failed through a fault of ours are errors.
        write: Takes finished lines.
    """

    def __init__(self, level: str, write: Callable[[bytes], None] = write_stderr) -> None:
        self._least_status = LEAST_STATUSES[level]
        self._write = write
        self._pid = os.getpid()

    def __call__(self, records: Iterable[RequestRecord]) -> None:
        """Write the lines of some requests, never so many that another worker's could cut in."""
        piece = b""
        for record in records:
            if (record.error_status or record.status) < self._least_status:
                continue
            line = self._line(record).encode()
            if piece and len(piece) + len(line) > PIPE_BUF:
                self._write(piece)
                piece = b""
            piece += line
        if piece:
            self._write(piece)

    def _line(self, record: RequestRecord) -> str:
        """Tell of a request; every text in its record was checked before: none needs escapes."""
        status = record.error_status or record.status  # a stream may fail after a 200
        level = "info" if status < 400 else "warning" if status < 500 else "error"
        line = (
            f'{{"time":"{utc(time.time())}","level":"{level}","logger":"request",'
            f'"pid":{self._pid},"request_id":"{record.request_id}","method":"{record.method}",'
            f'"route":"{record.route}","status":{record.status},'
            f'"duration_ms":{record.duration_s * 1e3:.2f}'
        )
        if record.reason is not None:
            line += f',"reason":"{record.reason}"'
        if record.key_name is not None:
            line += f',"key":"{record.key_name}"'
        if record.model is not None:
            line += (
                f',"model":"{record.model}","version":{record.version},'
                f'"queue_ms":{record.queue_s * 1e3:.2f},'
                f'"compute_ms":{record.compute_s * 1e3:.2f},"batch_size":{record.batch_size},'
                f'"prompt_tokens":{record.prompt_tokens},'
                f'"completion_tokens":{record.completion_tokens}'
            )
        return line + "}\n"
