"""Each bound of `docs/limits.md`, with the defaults, one unit beyond it."""

import contextlib
import gzip
import json
import re
import select
import socket

import pytest
import requests

from service.settings import Settings
from tests.e2e.conftest import ROOT
from tests.e2e.test_http import raw

pytestmark = pytest.mark.e2e

PAGE = (ROOT / "docs" / "limits.md").read_text()
CLASSIFY, GENERATE = "/v1/classify", "/v1/generate"
COMPLETE = "/v1/completions"
BODY = 8 * 1024 * 1024


def post(url, path, body, **headers):
    data = body if isinstance(body, bytes) else json.dumps(body)
    sent = {"Content-Type": "application/json"} | headers
    return requests.post(f"{url}{path}", data=data, headers=sent, timeout=30)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (CLASSIFY, b" " * (BODY + 1), 413, "body_too_large"),
        (CLASSIFY, {"input": ["a"] * 1025}, 422, "invalid_value"),
        (CLASSIFY, {"input": "a" * 100_001}, 413, "text_too_long"),
        (CLASSIFY, {"input": ["good"] * 33, "explain": True}, 422, "invalid_value"),
        (CLASSIFY, {"input": "good " * 257, "explain": "occlusion"}, 422, "invalid_value"),
        (CLASSIFY, {"input": "a", "model": "m" * 161}, 422, "invalid_value"),
        (GENERATE, {"prompt": "a" * 100_001}, 413, "text_too_long"),
        (GENERATE, {"prompt": "a" * 401}, 422, "invalid_value"),
        (GENERATE, {"prompt": "a", "max_tokens": 4097}, 422, "invalid_value"),
        (GENERATE, {"prompt": "a", "max_tokens": 501}, 422, "invalid_value"),
        (GENERATE, {"prompt": "a", "n": 129}, 422, "invalid_value"),
        (GENERATE, {"state": "a" * 4_194_305}, 422, "invalid_value"),
        (GENERATE, {"prompt": "a", "stop": ["x"] * 33}, 422, "invalid_value"),
        (GENERATE, {"prompt": "a", "stop": "x" * 257}, 422, "invalid_value"),
        (GENERATE, {"prompt": "a", "logprobs": 21}, 422, "invalid_value"),
        (COMPLETE, {"prompt": "a", "best_of": 21}, 400, "invalid_value"),
        (COMPLETE, {"prompt": "a", "stop": ["x"] * 33}, 400, "invalid_value"),
        (COMPLETE, {"prompt": "a", "logprobs": 6}, 400, "invalid_value"),
        (
            COMPLETE,
            {"prompt": "a", "logit_bias": dict.fromkeys(range(301), 1)},
            400,
            "invalid_value",
        ),
        (COMPLETE, {"prompt": ["a"] * 205, "n": 5}, 400, "invalid_value"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_one_unit_beyond_a_bound_is_refused(base_url, path, body, status, code):
    answer = post(base_url, path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert f"{status} `{code}`" in PAGE


TENSOR = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["good"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": [TENSOR | {"name": str(number)} for number in range(33)]},
        {"outputs": [{"name": str(number)} for number in range(33)]},
        {"inputs": [TENSOR | {"shape": [1] * 9}]},
        {"inputs": [TENSOR | {"name": "t" * 257}]},
        {"parameters": dict.fromkeys(map(str, range(65)), 1)},
        {"id": "i" * 257},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_one_unit_beyond_a_bound_of_tensors_is_refused(base_url, changes):
    path = "/v2/models/sentiment/infer"
    assert post(base_url, path, {"inputs": [TENSOR]}).status_code == 200
    answer = post(base_url, path, {"inputs": [TENSOR]} | changes)
    assert answer.status_code == 400
    assert next(iter(changes)) in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CLASSIFY, {"input": ["a"] * 1024}),
        (CLASSIFY, {"input": "a " * 50_000}),
        (CLASSIFY, {"input": ["good"] * 32, "explain": True}),
        (CLASSIFY, {"input": "good " * 40, "explain": "occlusion"}),
        (GENERATE, {"prompt": "a" * 400, "max_tokens": 1}),
        (GENERATE, {"prompt": "a", "max_tokens": 500}),
        (GENERATE, {"prompt": "a", "n": 128, "max_tokens": 1}),
        (GENERATE, {"prompt": "a", "stop": ["x" * 256] * 32, "max_tokens": 1}),
        (GENERATE, {"prompt": "a", "logprobs": 20, "max_tokens": 1}),
        (COMPLETE, {"prompt": "a", "best_of": 20, "max_tokens": 1}),
        (COMPLETE, {"prompt": "a", "stop": ["x"] * 32, "logprobs": 5, "max_tokens": 1}),
        (COMPLETE, {"prompt": ["a"] * 256, "n": 4, "max_tokens": 1}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_at_a_bound_all_is_well(base_url, path, body):
    assert post(base_url, path, body).status_code == 200


def test_a_body_that_grows_beyond_the_bound_when_unpacked_is_refused(base_url):
    packed = gzip.compress(b" " * (BODY + 1))
    answer = post(base_url, CLASSIFY, packed, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (f"GET /{'a' * 4095} HTTP/1.1\r\n", 414, "path_too_long"),
        (f"GET / HTTP/1.1\r\nX-A: {'a' * 8191}\r\n", 431, "headers_too_large"),
        ("GET / HTTP/1.1\r\n" + "X-A: a\r\n" * 65, 431, "headers_too_large"),
    ],
    ids=["path", "header", "fields"],
)
def test_more_than_a_request_needs_is_refused_before_it_is_one(base_url, head, status, code):
    got, _, body = raw(base_url, head.encode() + b"\r\n")
    assert (got, json.loads(body)["error"]["code"]) == (status, code)
    assert f"{status} `{code}`" in PAGE


def shown(variable):
    """A setting's default as the page writes it."""
    value = Settings.model_fields[variable.lower()].default
    if not value:
        return "none"
    return f"{value // 2**20} MiB" if variable.endswith("_BYTES") else f"{int(value):,}"


def test_the_page_tells_the_defaults_as_they_are():
    rows = re.findall(r"\| ([^|]+) \| `([A-Z_]+)` \|", PAGE)
    assert len(rows) >= 15
    assert [row for row in rows if not row[0].startswith(shown(row[1]))] == []


def test_more_connections_than_may_be_wait_for_one_to_close(start_process, tiny_store):
    live = start_process(tiny_store, {"MAX_CONNECTIONS": "3", "KEEPALIVE_S": "60"})
    address = ("127.0.0.1", live.port)
    with contextlib.ExitStack() as stack:
        idle, *_, last = [
            stack.enter_context(socket.create_connection(address, 30)) for _ in range(4)
        ]
        last.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert not select.select([last], [], [], 0.5)[0]
        idle.close()
        assert last.recv(100).startswith(b"HTTP/1.1 200")


def test_an_answer_that_takes_too_long_is_given_up(start_process, tiny_store):
    live = start_process(tiny_store, {"REQUEST_TIMEOUT_S": "0.001"})
    answer = post(live.base_url, GENERATE, {"prompt": "a", "max_tokens": 500, "n": 64})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline_exceeded")
    assert "504 `deadline_exceeded`" in PAGE
