"""Traces for OpenTelemetry: one span a request, with the time in line and in the model inside it.

Only imported when `OTEL_EXPORTER_OTLP_ENDPOINT` is set; its libraries are in
`requirements-otel.txt`, which read the other `OTEL_` variables. Spans are made when a request has
ended and sent in the background, as far as the sampler wants them, and go on with the caller's
trace where it sends one that a propagator can read. No span holds a text. Whatever the variables,
the caller's headers and the collector do, answers are the same as without traces.
"""

import atexit
import logging
import threading
import time
from urllib.parse import urlsplit

from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagators.textmap import Getter, TextMapPropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context

from service.api.request import Request
from service.observability.request_record import RequestRecord
from service.version import VERSION

logger = logging.getLogger(__name__)

NAME = "rnn-service"
PREFIX = "HTTP_"  # of a header in the WSGI environment
NS = 1_000_000_000
CLOSE_S = 2.0  # a worker that stops has this long to send what is left


class HeaderGetter(Getter[Request]):
    """Lets propagators read a request's headers."""

    def get(self, carrier: Request, key: str) -> list[str] | None:
        """Return a header's value; None if it was not sent."""
        value = carrier.header(key)
        return [value] if value else None

    def keys(self, carrier: Request) -> list[str]:
        """List the names of the headers that were sent, in small letters."""
        sent = [name for name in carrier.environ if name.startswith(PREFIX)]
        return [name.removeprefix(PREFIX).replace("_", "-").lower() for name in sent]


class Tracing:
    """Makes spans of a worker's requests.

    Args:
        exporter: Sends them.
        propagator: Reads the caller's trace; without one those that `OTEL_PROPAGATORS` names.
    """

    def __init__(self, exporter: SpanExporter, propagator: TextMapPropagator | None = None) -> None:
        resource = Resource.create({"service.name": NAME, "service.version": VERSION})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(NAME, VERSION)
        self._propagator = propagator or propagate.get_global_textmap()
        self._getter = HeaderGetter()

    def guard(self, request: Request) -> None:
        """Note which trace the caller's request belongs to; refuses nobody."""
        try:
            context = self._propagator.extract(request, getter=self._getter)
        except Exception as exc:  # a propagator of others, at what a caller has sent
            logger.warning("a caller's trace cannot be read: %s", type(exc).__name__)
            return
        request.record.trace_context = context

    def observe(self, record: RequestRecord) -> None:
        """Make the spans of an answered request."""
        ended = time.time_ns()
        started = ended - int(record.duration_s * NS)
        context = Context() if record.trace_context is None else record.trace_context
        span = self._tracer.start_span(
            f"{record.method} {record.route}", context, SpanKind.SERVER, start_time=started
        )
        if not span.is_recording():  # the sampler does not want it, or the SDK is switched off
            return
        self._describe(span, record)
        if record.model is not None:
            self._add_parts(span, record, ended)
        span.end(ended)

    def close(self) -> None:
        """Send what is left, as far as that goes in `CLOSE_S`: the collector may be away."""
        closing = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(CLOSE_S)

    def _describe(self, span: Span, record: RequestRecord) -> None:
        span.set_attribute("http.request.method", record.method)
        span.set_attribute("http.route", record.route)
        span.set_attribute("http.response.status_code", record.status)
        span.set_attribute("request.id", record.request_id)
        if record.key_name is not None:
            span.set_attribute("user.id", record.key_name)
        if record.model is not None and record.version is not None:
            span.set_attribute("model.name", record.model)
            span.set_attribute("model.version", record.version)
            span.set_attribute("tokens.prompt", record.prompt_tokens)
            span.set_attribute("tokens.completion", record.completion_tokens)
        if record.reason is not None:
            span.set_attribute("error.type", record.reason)
        if (record.error_status or record.status) >= 500:
            span.set_status(Status(StatusCode.ERROR, record.reason))

    def _add_parts(self, span: Span, record: RequestRecord, ended: int) -> None:
        """Add what happened inside; the model is what a request ends with."""
        inside = set_span_in_context(span)
        computing = ended - int(record.compute_s * NS)
        waiting = computing - int(record.queue_s * NS)
        queue = self._tracer.start_span("queue", inside, start_time=waiting)
        queue.end(computing)
        compute = self._tracer.start_span("compute", inside, start_time=computing)
        compute.set_attribute("batch.size", record.batch_size)
        compute.end(ended)


def check(endpoint: str) -> None:
    """Make what a worker makes of the `OTEL_` variables, and drop it.

    Importing this module fails already if `OTEL_PROPAGATORS` names what is not installed.

    Raises:
        Exception: One of the variables cannot be used; the message says which, or why.
    """
    if urlsplit(endpoint).scheme not in ("http", "https"):
        raise ValueError(
            "OTEL_EXPORTER_OTLP_ENDPOINT must be an address such as http://collector:4318"
        )
    Tracing(OTLPSpanExporter()).close()


def to_collector() -> Tracing:
    """Make spans that are sent where the `OTEL_` variables say."""
    tracing = Tracing(OTLPSpanExporter())
    atexit.register(tracing.close)
    return tracing
