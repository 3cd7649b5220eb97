"""Noise at every route: bytes, Unicode and JSON that nobody meant give no 5xx and harm nobody."""

import contextlib
import hashlib
import json
import re
import socket
from collections import Counter

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
from tests.faults.traffic import Truth, classify_asks
from tests.models import publish_classifier, publish_generator

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
TYPES = ("application/json", "text/plain", "application/octet-stream", "", "\xff/\xff", "a;b=c;=")
ROUTES = sorted({route.rule for route in (*all_routes(Statistics(dict)), metrics_route(bytes))})
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
heads = st.tuples(
    st.one_of(st.just(b"POST"), st.sampled_from(METHODS).map(str.encode), st.binary(max_size=8)),
    st.one_of(st.sampled_from(ROUTES).map(str.encode), st.binary(max_size=40)),
    st.sampled_from((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9", b"x", b"")),
).map(b" ".join)
headers = st.one_of(
    st.sampled_from(
        (b"Authorization: Bearer the-key", b"Authorization: Bearer no-key", b"Expect: nothing")
        + (b"Transfer-Encoding: chunked", b"Transfer-Encoding: x", b"Expect: 100-continue")
        + (b"Content-Length: -1", b"Content-Length: 99999999999999", b"Content-Encoding: gzip")
        + (b"Connection: close", b"Connection: upgrade", b"Content-Type: application/json")
    ),
    st.binary(max_size=40),
    st.binary(max_size=20).map(b"X-Request-Id: ".__add__),
)
KEY = b"Authorization: Bearer the-key"


def request_of(head, lines, body):
    """The bytes of a request with a length, which the lines may contradict."""
    return b"\r\n".join([head, *lines, b"Content-Length: %d" % len(body), b"", body])


plain_requests = st.builds(
    request_of,
    st.sampled_from(("classify", "generate", "completions")).map(
        lambda route: f"POST /v1/{route} HTTP/1.1".encode()
    ),
    st.lists(headers, max_size=1).map(lambda lines: [b"Host: x", KEY, *lines]),
    st.one_of(bodies, nearly_right),
)
odd_requests = st.one_of(
    st.binary(max_size=300),
    st.builds(request_of, heads, st.lists(headers, max_size=4), bodies),
    plain_requests,
)
on_the_wire = st.one_of(
    st.lists(plain_requests, min_size=1, max_size=3), st.lists(odd_requests, min_size=1, max_size=3)
)
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


STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3}) ", re.MULTILINE)
NOT_SPOKEN = {501, 505}  # of HTTP
SILENCE_S = 0.03
LAST = request_of(b"GET /healthz HTTP/1.1", [b"Connection: close"], b"")


@pytest.fixture
def live(start_process, tiny_store, tmp_path):
    """A service with everything on: keys, both limits, figures, two workers."""
    keys = tmp_path / "keys"
    keys.write_text(f"ann {hashlib.sha256(b'the-key').hexdigest()}\n")
    env = {"API_KEYS_FILE": str(keys), "RATE_LIMIT": "1000000/minute", "MAX_CONCURRENT": "100"}
    sizes = {"MAX_TOKENS": "40", "MAX_N": "4", "HEARTBEAT_S": "0.05", "WORKERS": "2"}
    return start_process(tiny_store, env | sizes)


def statuses_of(live, noise):
    """Send bytes on a connection, and return each answer's status until it closes or is silent."""
    answers = b""
    connection = socket.create_connection(("127.0.0.1", live.port), 30)
    with connection, contextlib.suppress(OSError):  # it may be closed before all is sent
        connection.sendall(noise + LAST)
        connection.settimeout(SILENCE_S)
        while data := connection.recv(65_536):
            answers += data
    return [int(status) for status in STATUS.findall(answers)]


def make_noise_on_the_wire(live, tiny_store, traffic, num_examples):
    """Send hypothesis's bytes to a service beside checked traffic, and look what they did."""
    truth = Truth(tiny_store)
    truth.learn("sentiment")
    key = {"Authorization": "Bearer the-key"}
    running = traffic(
        live.base_url, classify_asks(truth), num_threads=1, pause_s=0.005, headers=key
    )
    before = live.worker_pids()
    seen: Counter[int] = Counter()

    @settings(CALM, max_examples=num_examples)
    @given(on_the_wire)
    def noise(sent):
        statuses = statuses_of(live, b"".join(sent))
        seen.update(statuses)
        assert not [status for status in statuses if status >= 500 and status not in NOT_SPOKEN]

    noise()
    running.wait_for(20)
    outcomes = running.stop()
    print(f"{dict(sorted(seen.items()))}, beside them {dict(outcomes)}")
    assert set(outcomes) == {"right"}
    assert live.worker_pids() == before
    assert len(seen) >= 3, seen
    assert not [line for line in live.logged() if line["level"] == "error"]


@pytest.mark.e2e
def test_noise_on_the_wire_harms_nobody(live, tiny_store, traffic):
    make_noise_on_the_wire(live, tiny_store, traffic, num_examples=150)


@pytest.mark.e2e
@pytest.mark.slow
def test_much_noise_on_the_wire_harms_nobody(live, tiny_store, traffic):
    make_noise_on_the_wire(live, tiny_store, traffic, num_examples=800)
