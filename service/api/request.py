"""A request as the endpoints see it, whichever way it came in."""

import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import parse_qs

from service.api.engine_protocol import EngineProtocol
from service.observability.request_record import RequestRecord
from service.settings import Settings

REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
Environ = Mapping[str, Any]


@dataclass(slots=True)
class Request:
    """One HTTP request and what is needed to answer it.

    Args:
        environ: The WSGI environment.
        params: Values of the variable parts of the path.
        body: The whole body, unpacked; empty on routes that take none, and for guards.
        record: Notes for logs and metrics, which endpoints add to.
        settings: The service's settings.
        engine: Answers it.
    """

    environ: Environ
    params: Mapping[str, str]
    body: bytes
    record: RequestRecord
    settings: Settings
    engine: EngineProtocol

    @property
    def request_id(self) -> str:
        """The id that names this request in its answer and in the logs."""
        return self.record.request_id

    def header(self, name: str) -> str:
        """Return a header's value, "" if it was not sent; `name` as in "Accept"."""
        key = name.upper().replace("-", "_")
        prefix = "" if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_"
        return str(self.environ.get(prefix + key, ""))

    def query(self, name: str) -> str | None:
        """Return a parameter of the address's query, the last one of several; None without it."""
        values = parse_qs(self.environ.get("QUERY_STRING", ""), keep_blank_values=True).get(name)
        return values[-1] if values else None

    def deadline(self) -> float:
        """Return the `time.monotonic()` value at which the caller's patience ends."""
        return self.record.started + self.settings.request_timeout_s

    def is_client_gone(self) -> bool:
        """Look whether the client has closed its connection; False where that cannot be seen."""
        outer = self.environ.get("gunicorn.socket")
        if outer is None:
            return False
        inner: Any = getattr(outer, "_sock", outer)  # gevent's own would wait
        try:
            return not inner.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True


class RequestIds:
    """Hands out request ids: the caller's own where it is harmless in a log and a header.

    Made ids are 24 hexadecimal digits from a generator of this process (0.3 microseconds each).
    """

    def __init__(self) -> None:
        self._random = Random(secrets.randbits(128))

    def pick(self, environ: Environ) -> str:
        """Return the id for the request of `environ`."""
        sent = environ.get("HTTP_X_REQUEST_ID")
        if sent is not None and REQUEST_ID.fullmatch(sent):
            return str(sent)
        return f"{self._random.getrandbits(96):024x}"
