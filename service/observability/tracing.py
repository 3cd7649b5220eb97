"""Traces for OpenTelemetry: one span a request, with the time in line and in the model inside it.

Only imported when `OTEL_EXPORTER_OTLP_ENDPOINT` is set; its libraries are in
`requirements-otel.txt`. Spans are made when a request has ended and sent in the background, and
go on with the caller's trace where it sends one (`traceparent`). No span holds a text.
"""

import atexit
import threading
import time

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, Tracer, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.api.request import Request
from service.observability.request_record import RequestRecord
from service.version import VERSION

NAME = "rnn-service"
NS = 1_000_000_000
CLOSE_S = 2.0  # a worker that stops has this long to send what is left


class Tracing:
    """Makes spans of a worker's requests.

    Args:
        exporter: Sends them.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        resource = Resource.create({"service.name": NAME, "service.version": VERSION})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        tracer = self._provider.get_tracer(NAME, VERSION)
        assert isinstance(tracer, Tracer)
        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    def guard(self, request: Request) -> None:
        """Note which trace the caller's request belongs to; refuses nobody."""
        request.record.trace_parent = request.header("traceparent") or None

    def observe(self, record: RequestRecord) -> None:
        """Make the spans of an answered request."""
        ended = time.time_ns()
        started = ended - int(record.duration_s * NS)
        context = self._context_of(record)
        kind = SpanKind.SERVER
        span = self._tracer.start_span(
            f"{record.method} {record.route}", context, kind, start_time=started
        )
        assert isinstance(span, Span)
        self._describe(span, record)
        if record.model is not None:
            self._add_parts(span, record, ended)
        span.end(ended)

    def close(self) -> None:
        """Send what is left, as far as that goes in `CLOSE_S`: the collector may be away."""
        closing = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(CLOSE_S)

    def _context_of(self, record: RequestRecord) -> Context | None:
        if record.trace_parent is None:
            return None
        return self._propagator.extract({"traceparent": record.trace_parent})

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


def to_collector() -> Tracing:
    """Make spans that are sent where the `OTEL_` variables say."""
    tracing = Tracing(OTLPSpanExporter())
    atexit.register(tracing.close)
    return tracing
