"""Whatever the `OTEL_` variables, the callers' traces and the collector do: the same answers.

Once a caller's "not sampled" was a 500, a sampler that wants few closed connections, an SDK that is
switched off kept the service from starting.
"""

import re
import threading

import pytest
import requests

from tests.collectors import collector
from tests.e2e.conftest import free_port
from tests.e2e.test_http import raw
from tests.e2e.test_lifecycle import until
from tests.e2e.test_starting import fails_to_start

pytestmark = pytest.mark.e2e

IDS = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"
CALLERS: tuple[dict[str, str], ...] = (
    {},
    {"traceparent": f"00-{IDS}-01"},
    {"traceparent": f"00-{IDS}-00", "tracestate": "a=b", "baggage": "c=d"},
    {"traceparent": "nonsense", "tracestate": "=" * 600, "baggage": "%"},
    {"b3": f"{IDS}-0"},
)
NO_TIMES = ("Date", "Server-Timing")
RATIO = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5"}
BASED = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5"}
VARIABLES = (
    {"OTEL_TRACES_SAMPLER": "always_on"},
    {"OTEL_TRACES_SAMPLER": "always_off"},
    {"OTEL_TRACES_SAMPLER": "parentbased_always_off"},
    {"OTEL_TRACES_SAMPLER": "nonsense"},
    RATIO,
    BASED,
    {"OTEL_SDK_DISABLED": "true"},
    {"OTEL_PROPAGATORS": "none"},
    {"OTEL_PROPAGATORS": "tracecontext,baggage,ours"},
)
OURS = """
from opentelemetry.propagators.textmap import TextMapPropagator

class Ours(TextMapPropagator):
    fields = {"b3"}

    def extract(self, carrier, context=None, getter=None):
        raise KeyError(getter.get(carrier, "b3"))

    def inject(self, carrier, context=None, setter=None):
        pass
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with a package that brings a propagator, `ours`, which always fails."""
    folder = tmp_path_factory.mktemp("packages")
    (folder / "ours_propagator.py").write_text(OURS)
    about = folder / "ours_propagator-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ours-propagator\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[opentelemetry_propagator]\nours = ours_propagator:Ours\n"
    )
    return folder


@pytest.fixture
def start_traced(start_process, tiny_store, packages):
    """Starts a service that traces."""

    def start(address, variables):
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "PYTHONPATH": str(packages)}
        env |= {"OTEL_BSP_SCHEDULE_DELAY": "50"}
        return start_process(tiny_store, env | variables)

    return start


def answers(url):
    """All that callers see of a few requests each, but for the times, on connections kept open."""
    fields = {"prompt": "To be", "max_tokens": 5, "seed": 1, "stream": True, "temperature": 0}
    asked = [
        ("GET", "/healthz", None),
        ("GET", "/readyz", None),
        ("GET", "/nowhere", None),
        ("POST", "/v1/classify", {"input": "good"}),
        ("POST", "/v1/classify", {"input": ""}),
        ("POST", "/v1/generate", fields),
    ]
    seen = []
    with requests.Session() as session:
        for number, caller in enumerate(CALLERS):
            for method, path, body in asked:
                headers = {"X-Request-Id": f"{number}{path}", **caller}
                answer = session.request(method, url + path, json=body, headers=headers, timeout=60)
                shown = {k: v for k, v in answer.headers.items() if k not in NO_TIMES}
                seen.append((answer.status_code, shown, without_times(answer.text)))
    status, headers, _ = raw(url, b"nonsense\r\n\r\n")
    return [*seen, (status, sorted(headers))]


def without_times(text):
    """An answer without the second it was made in; of a stream its text, however it was cut."""
    if text.startswith("data: "):
        return "".join(re.findall(r'"text":"([^"]*)"', text))
    return re.sub(r'"created":\d+', "", text)


@pytest.fixture(scope="module")
def untraced(base_url):
    return answers(base_url)


@pytest.mark.parametrize("variables", VARIABLES, ids=lambda one: ",".join(one.values()))
def test_no_variable_changes_an_answer(start_traced, untraced, variables):
    with collector() as (address, paths):
        live = start_traced(address, variables)
        assert answers(live.base_url) == untraced
        assert live.stop() == 0
    lines = live.logged()
    assert [line for line in lines if line["level"] == "error" or "exception" in line] == []
    values = set(variables.values())
    assert bool(paths) == values.isdisjoint({"true", "always_off"})


@pytest.mark.parametrize("state", ["away", "slow", "refuses", "overloaded"])
def test_no_collector_changes_an_answer(start_traced, untraced, state):
    statuses = {"refuses": 400, "overloaded": 503}
    gate = threading.Event() if state == "slow" else None
    with collector(statuses.get(state, 200), gate) as (address, paths):
        address = f"http://127.0.0.1:{free_port()}" if state == "away" else address
        live = start_traced(address, {})
        assert answers(live.base_url) == untraced
        until(lambda: paths or state == "away")
        assert answers(live.base_url) == untraced
        assert live.stop() == 0


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"OTEL_PROPAGATORS": "tracecontext,b3"}, "Propagator b3 not found"),
        ({"OTEL_BSP_SCHEDULE_DELAY": "0"}, "must be positive"),
        ({"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "x"}, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "such as http://collector:4318"),
    ],
    ids=lambda value: "".join(value) if isinstance(value, dict) else "",
)
def test_a_variable_that_cannot_be_used_ends_the_start_with_one_line(variables, words):
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "PORT": str(free_port())}
    said = fails_to_start(env | variables)
    [line] = [line for line in said.splitlines() if not line.startswith("{")]
    assert line.startswith("The service cannot start: no traces can be made")
    assert words in line
