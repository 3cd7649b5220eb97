"""What surrounds every endpoint: request id, guards, body, errors, and the notes at the end.

Both ways in (Flask's views and the short cut of `service/api/router.py`) call this, so all
routes behave alike.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from service.api import sse
from service.api.body import BodyBudget, read_body
from service.api.cors import Cors
from service.api.engine_protocol import EngineProtocol
from service.api.errors import ErrorBody, Problem, openai_body, problem_of
from service.api.guards import LIMITS
from service.api.reply import Reply, Stream
from service.api.request import Environ, Request, RequestIds
from service.observability.log import note_body
from service.observability.request_record import RequestRecord
from service.settings import Settings

logger = logging.getLogger(__name__)

Endpoint = Callable[[Request], Reply]
Guard = Callable[[Request], None]
Observer = Callable[[RequestRecord], None]
NO_PARAMS: Mapping[str, str] = {}
UNMATCHED = "unmatched"  # stands for the route of what no route takes


@dataclass(frozen=True, slots=True)
class Route:
    """Where an endpoint is, and how its errors look.

    Args:
        rule: Path in Flask's notation, such as "/v1/models/<model>".
        endpoint: Answers the request.
        method: "GET" (HEAD comes with it) or "POST".
        summary: What it is for, in a few words.
        error_body: Shapes its errors.
        error_statuses: HTTP statuses of errors, by code, where its protocol has others than the
            table of `service/api/errors.py`.
        is_open: Whether guards are left out, as for health checks.
        is_busy: Whether it is answered past Flask, at exactly its path; only for `POST`.
        is_limited: Whether rates and places hold for it, as they do not for a scrape.
    """

    rule: str
    endpoint: Endpoint
    method: str = "GET"
    summary: str = ""
    error_body: ErrorBody = openai_body
    error_statuses: Mapping[str, int] = field(default_factory=dict)
    is_open: bool = False
    is_limited: bool = True
    is_busy: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """What all routes share.

    Args:
        engine: Answers.
        settings: Limits and times.
        guards: Called with each request before its body is read; refuse by raising a
            `ServiceError`.
        observers: Called with each request's record once it is answered.
        request_ids: Makes ids.
        bodies: Keeps account of the bodies that are held.
        cors: Tells browsers which other sites' pages may ask; None if none may.
    """

    engine: EngineProtocol
    settings: Settings
    guards: tuple[Guard, ...]
    observers: tuple[Observer, ...]
    request_ids: RequestIds
    bodies: BodyBudget
    cors: Cors | None = None


class Handler:
    """One route with all that surrounds it: WSGI environment in, reply and its headers out."""

    def __init__(self, route: Route, site: Site) -> None:
        self.route = route
        self._site = site
        self._guards = () if route.is_open else site.guards
        if not route.is_limited:
            self._guards = tuple(one for one in self._guards if not isinstance(one, LIMITS))
        self._reads_body = route.method == "POST"
        self._logs_bodies = site.settings.log_texts

    def __call__(
        self, environ: Environ, params: Mapping[str, str] = NO_PARAMS
    ) -> tuple[Reply, list[tuple[str, str]]]:
        """Answer one request; never raises an `Exception`."""
        site = self._site
        record = RequestRecord(
            site.request_ids.pick(environ),
            environ["REQUEST_METHOD"],
            self.route.rule,
            time.monotonic(),
        )
        try:
            reply = self._answer(environ, params, record)
        except Exception as exc:  # the last place where an error can become an answer
            problem = self._problem(exc, record)
            reply = Reply(self.route.error_body(problem), problem.status, headers=problem.headers)
        record.status = reply.status
        if isinstance(reply.body, Stream):
            reply.body = self._watched(reply.body, record)
        else:
            self._finish(record)
        headers = reply.all_headers(record.request_id)
        headers += record.headers
        if site.cors is not None:
            headers += site.cors.headers(environ)
        if record.model is not None:
            headers.append(("Server-Timing", server_timing(record)))
        return reply, headers

    def _answer(self, environ: Environ, params: Mapping[str, str], record: RequestRecord) -> Reply:
        site = self._site
        request = Request(environ, params, b"", record, site.settings, site.engine)
        for guard in self._guards:
            guard(request)
        if self._reads_body:
            take = partial(site.bodies.take, record=record)
            request.body = read_body(environ, site.settings.max_body_bytes, take)
            if self._logs_bodies:
                note_body(record.request_id, request.body)
        return self.route.endpoint(request)

    def _problem(self, exc: Exception, record: RequestRecord) -> Problem:
        """Look up what to tell the caller, and log what is our own fault."""
        problem = problem_of(exc)
        record.reason = problem.code
        status = self.route.error_statuses.get(problem.code, problem.status)
        record.error_status = status
        if problem.status == 500:
            logger.error(
                "%s failed", record.route, exc_info=exc, extra={"request_id": record.request_id}
            )
        return problem._replace(status=status)

    def _watched(self, stream: Stream, record: RequestRecord) -> Stream:
        """Wrap a stream so that a failure becomes its last event, and its end is noted."""

        def chunks() -> Iterator[bytes]:
            try:
                yield from stream
            except Exception as exc:  # the status is long sent
                yield sse.event_of(self.route.error_body(self._problem(exc, record)))

        def on_close() -> None:
            stream.close()
            self._finish(record)

        return Stream(chunks(), on_close)

    def _finish(self, record: RequestRecord) -> None:
        record.duration_s = time.monotonic() - record.started
        self._site.bodies.give_back(record)
        for observer in self._site.observers:
            try:
                observer(record)
            except Exception:  # what cannot be noted of an answer must not undo it
                logger.exception(
                    "%s was not noted", record.route, extra={"request_id": record.request_id}
                )


def server_timing(record: RequestRecord) -> str:
    """Tell where the time went, for the browser's own tools: milliseconds waiting and computing.

    A stream's headers are sent when it begins, so only the time up to then is in them.
    """
    total_s = record.duration_s or time.monotonic() - record.started
    return (
        f"queue;dur={record.queue_s * 1e3:.2f}, compute;dur={record.compute_s * 1e3:.2f}, "
        f"total;dur={total_s * 1e3:.2f}"
    )
