import threading

import pytest
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


@pytest.fixture
def ask(exporter):
    """A function that sends a request and returns its spans by name."""
    tracing = Tracing(exporter)
    app = create_app(FakeEngine(), Settings(), guards=[tracing.guard], observers=[tracing.observe])

    def send(body, **headers):
        app.test_client().post("/v1/classify", json=body, headers=headers)
        tracing.close()
        return {span.name: span for span in exporter.get_finished_spans()}

    return send


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


@pytest.mark.parametrize("header", ["nonsense", "00-0-0-0", ""])
def test_a_trace_that_makes_no_sense_is_left_out(ask, header):
    span = ask({"input": "good"}, traceparent=header)["POST /v1/classify"]
    assert span.parent is None


def test_a_refusal_is_a_span_with_its_reason(ask):
    span = ask({"input": ""})["POST /v1/classify"]
    assert span.attributes["error.type"] == "invalid_value"
    assert "queue" not in ask({"input": ""})
