"""Noise at every route: bytes, Unicode and JSON that nobody meant give no 5xx and harm nobody."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.api.app import create_app
from service.api.metrics import metrics_route
from service.api.open_inference.statistics import Statistics
from service.api.routes import all_routes
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from service.settings import Settings
from tests.models import publish_classifier, publish_generator

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
TYPES = ("application/json", "text/plain", "application/octet-stream", "", "\xff/\xff", "a;b=c;=")
ROUTES = sorted({route.rule for route in (*all_routes(Statistics()), metrics_route(bytes))})
EXAMPLES = (
    {"input": "a good film", "explain": True},
    {"input": ["good", "bad"], "model": "sentiment:1"},
    {"prompt": "To be", "max_tokens": 3, "n": 2, "logprobs": 2, "stop": ["x"]},
    {"prompt": "To be", "max_tokens": 3, "temperature": 0.5, "top_k": 4, "top_p": 0.9, "seed": 1},
    {"prompt": ["a", "b"], "model": "shakespeare", "max_tokens": 2, "echo": True, "stream": True},
    {"inputs": "a good film", "parameters": {"top_k": 1}},
    {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]}]},
    {"text_input": "To be", "parameters": {"max_tokens": 2, "stream": False}},
    {"messages": [{"role": "user", "content": "To be"}], "model": "shakespeare"},
)
NAMES = """
input model explain prompt max_tokens temperature top_k top_p min_p repetition_penalty stop seed n
logprobs stream inputs outputs parameters id name shape datatype data text echo messages suffix
best_of logit_bias user stream_options contents text_input truncate
""".split()  # noqa: SIM905
WORDS = ("sentiment", "shakespeare", "sentiment:1", "a good film", "BYTES", "text", "trajectory")
CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))

texts = st.one_of(st.sampled_from(WORDS), st.text(max_size=40))
numbers = st.one_of(
    st.integers(-3, 5), st.integers(), st.floats(allow_nan=True), st.booleans(), st.none()
)
values = st.recursive(
    st.one_of(texts, numbers),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    ),
    max_leaves=12,
)
bodies = st.one_of(
    st.binary(max_size=200),
    values.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=6).map(
        lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    ),
)
nearly_right = st.tuples(
    st.sampled_from(EXAMPLES), st.dictionaries(st.sampled_from(NAMES), values, max_size=2)
).map(lambda pair: json.dumps(pair[0] | pair[1]).encode("utf-8", "surrogatepass"))
parts = st.one_of(texts, st.text(min_size=1, max_size=10))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    publish_classifier(root)
    publish_generator(root, max_tokens=40)
    engine = Engine(EngineOptions(store_dir=root))
    engine.start()
    figures = [metrics_route(lambda: b"")]
    limits = Settings(max_tokens=40, max_n=4, heartbeat_s=0.05)
    yield create_app(engine, limits, more_routes=figures).test_client()
    engine.close()


def ask(client, rule, data):
    """Send noise to a route; return its path and the answer."""
    path = rule
    while "<" in path:
        before, _, rest = path.partition("<")
        path = before + data.draw(parts, "part").replace("<", "") + rest.partition(">")[2]
    if data.draw(st.integers(0, 9)) == 0:
        path = "/" + data.draw(st.text(max_size=30), "path")
    answer = client.open(
        path.encode("utf-8", "replace").decode(),
        method=data.draw(st.sampled_from(METHODS), "method"),
        data=data.draw(st.one_of(bodies, nearly_right), "body"),
        content_type=data.draw(st.sampled_from(TYPES), "type"),
        headers={"X-Request-Id": data.draw(st.text(st.characters(max_codepoint=255)), "id")}
        if data.draw(st.booleans())
        else {},
    )
    return path, answer


def check(client, rule, data):
    try:
        path, answer = ask(client, rule, data)
    except ValueError:  # werkzeug's client does not send what no client can: such a URL or header
        return
    body = answer.get_data()
    assert answer.status_code < 500, (path, answer.status_code, body)
    if answer.status_code >= 400 and body:
        assert "error" in json.loads(body)
    assert b"Traceback" not in body


def answers_as_ever(client):
    fields = {"input": "a good film"}
    return client.post("/v1/classify", json=fields).get_json()["data"]


def make_noise(client, rule, num_examples):
    before = answers_as_ever(client)

    @settings(CALM, max_examples=num_examples)
    @given(st.data())
    def noise(data):
        check(client, rule, data)

    noise()
    assert answers_as_ever(client) == before


def test_noise_goes_to_every_route(client):
    assert {rule.rule for rule in client.application.url_map.iter_rules()} == set(ROUTES)


@pytest.mark.parametrize("rule", ROUTES)
def test_noise_is_the_callers_fault_and_harms_nobody(client, rule):
    make_noise(client, rule, num_examples=8)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ROUTES)
def test_much_noise_is_the_callers_fault_and_harms_nobody(client, rule):
    make_noise(client, rule, num_examples=500)
