import threading

import pytest
from opentelemetry import trace
from opentelemetry.propagators.textmap import (
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.api.app import create_app
from service.observability.request_record import RequestRecord
from service.observability.tracing import Tracing
from service.settings import Settings
from tests.fakes import FakeEngine

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


def client_of(tracing):
    app = create_app(FakeEngine(), Settings(), guards=[tracing.guard], observers=[tracing.observe])
    return app.test_client()


@pytest.fixture
def ask(exporter):
    """A function that sends a request and returns its spans by name."""

    def send(body, *, propagator=None, **headers):
        tracing = Tracing(exporter, propagator)
        answer = client_of(tracing).post("/v1/classify", json=body, headers=headers)
        tracing.close()
        assert answer.status_code == (200 if body["input"] else 422)
        return {span.name: span for span in exporter.get_finished_spans()}

    return send


class Foreign(TextMapPropagator):
    """Reads the trace and its parent from a header of its own, and trusts what it reads."""

    def extract(self, carrier, context=None, getter=default_getter):
        assert "x-foreign" in getter.keys(carrier)
        [value] = getter.get(carrier, "x-foreign")
        trace_id, span_id = (int(part, 16) for part in value.split("-"))
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
        parent = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)
        return trace.set_span_in_context(trace.NonRecordingSpan(parent), context)

    def inject(self, carrier, context=None, setter=default_setter):
        """Not needed here."""

    @property
    def fields(self):
        return {"x-foreign"}


class Stuck(InMemorySpanExporter):
    """A collector that does not answer until it is let go."""

    def __init__(self):
        super().__init__()
        self.let_go = threading.Event()
        self.is_done = False

    def export(self, spans):
        self.let_go.wait(30)
        self.is_done = True
        return super().export(spans)


def test_a_collector_that_does_not_answer_holds_no_stop_up():
    stuck = Stuck()
    tracing = Tracing(stuck)
    tracing.observe(RequestRecord("a", "GET", "/v1/models", 0.0, 200))
    tracing.close()
    assert not stuck.is_done
    stuck.let_go.set()


def test_a_request_is_a_span_with_the_line_and_the_model_inside(ask):
    spans = ask({"input": "good"})
    whole = spans["POST /v1/classify"]
    assert whole.attributes["http.response.status_code"] == 200
    assert (whole.attributes["model.name"], whole.attributes["model.version"]) == ("sentiment", 2)
    assert "good" not in str(dict(whole.attributes))
    for name, seconds in (("queue", 0.001), ("compute", 0.002)):
        part = spans[name]
        assert part.parent.span_id == whole.context.span_id
        assert (part.end_time - part.start_time) / 1e9 == pytest.approx(seconds, abs=1e-6)
    assert spans["queue"].end_time == spans["compute"].start_time


def test_the_callers_trace_goes_on(ask):
    span = ask({"input": "good"}, traceparent=f"00-{TRACE}-{PARENT}-01")["POST /v1/classify"]
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == PARENT


def test_a_caller_whose_trace_is_not_sampled_is_answered_and_leaves_no_span(ask):
    """Once a 500: the span of such a trace does not record, which was taken for granted."""
    assert ask({"input": "good"}, traceparent=f"00-{TRACE}-{PARENT}-00") == {}


@pytest.mark.parametrize(
    ("variables", "num_spans"),
    [
        ({"OTEL_TRACES_SAMPLER": "always_on"}, 3),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, 0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, 0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "much"}, 3),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_on"}, 3),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, 0),
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, 0),
        ({"OTEL_TRACES_SAMPLER": "nonsense"}, 3),
        ({"OTEL_SDK_DISABLED": "true"}, 0),
    ],
    ids=lambda value: "=".join(value.values()) if isinstance(value, dict) else "",
)
def test_every_sampler_leaves_as_many_spans_as_it_wants(ask, monkeypatch, variables, num_spans):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert len(ask({"input": "good"})) == num_spans


def test_a_propagator_of_others_is_asked_with_the_callers_headers(ask):
    headers = {"x-foreign": f"{TRACE}-{PARENT}"}
    span = ask({"input": "good"}, propagator=Foreign(), **headers)["POST /v1/classify"]
    assert f"{span.context.trace_id:032x}" == TRACE


def test_a_propagator_that_fails_costs_a_line_without_what_was_sent(ask, caplog):
    span = ask({"input": "good"}, propagator=Foreign(), **{"x-foreign": "secret"})
    assert span["POST /v1/classify"].parent is None
    assert "a caller's trace cannot be read: ValueError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("header", ["nonsense", "00-0-0-0", ""])
def test_a_trace_that_makes_no_sense_is_left_out(ask, header):
    span = ask({"input": "good"}, traceparent=header)["POST /v1/classify"]
    assert span.parent is None


def test_a_refusal_is_a_span_with_its_reason(ask):
    span = ask({"input": ""})["POST /v1/classify"]
    assert span.attributes["error.type"] == "invalid_value"
    assert "queue" not in ask({"input": ""})
