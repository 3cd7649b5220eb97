"""Logs as JSON lines on standard error: one a request, and what went wrong in between.

A request's line is put together by hand and written in one call (under 3 microseconds), since it
is part of what every request costs. No line holds a text of a user.
"""

import json
import logging
import os
import time
from collections.abc import Callable
from functools import lru_cache

from service.record import RequestRecord

STDERR = 2


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
        if (request_id := getattr(record, "request_id", None)) is not None:
            line["request_id"] = request_id
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


def write_stderr(line: bytes) -> None:
    """Write `line` to standard error without a buffer, in one system call."""
    os.write(STDERR, line)


class RequestLog:
    """Writes one line for each answered request.

    Args:
        level: With "warning" only requests that failed through a fault of ours, with "error" too.
        write: Takes each finished line.
    """

    def __init__(self, level: str, write: Callable[[bytes], None] = write_stderr) -> None:
        self._least_status = 0 if level in ("debug", "info") else 500
        self._write = write
        self._pid = os.getpid()

    def __call__(self, record: RequestRecord) -> None:
        """Write the line of `record`; every text in it was checked before: none needs escapes."""
        if record.status < self._least_status:
            return
        level = "info" if record.status < 500 else "error"
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
        self._write(line.encode() + b"}\n")
