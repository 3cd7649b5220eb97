"""The real server: what a client sees on the wire, good and bad."""

import contextlib
import gzip
import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.e2e.conftest import FAKE_APP

pytestmark = pytest.mark.e2e


def raw(url, data, patience_s=60):
    """Send bytes, and return what comes until the server closes or has answered whole."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), patience_s) as connection:
        with contextlib.suppress(ConnectionError):  # refused before all is sent
            connection.sendall(data)
        with connection.makefile("rb") as answer:
            status = answer.readline().decode()
            headers = dict(
                line.decode().strip().split(": ", 1) for line in iter(answer.readline, b"\r\n")
            )
            body = answer.read(int(headers.get("Content-Length", 0)))
    return int(status.split()[1]), headers, body


def test_a_text_is_classified(base_url):
    answer = requests.post(f"{base_url}/v1/classify", json={"input": "a good film"}, timeout=60)
    [item] = answer.json()["data"]
    assert item["label"] in ("negative", "positive")
    assert sum(item["probs"]) == pytest.approx(1, abs=1e-5)


def test_a_prompt_is_continued_the_same_whole_and_streamed(base_url):
    fields = {"prompt": "To be", "max_tokens": 40, "seed": 5, "temperature": 1.0}
    whole = requests.post(f"{base_url}/v1/generate", json=fields, timeout=60).json()
    streamed = requests.post(
        f"{base_url}/v1/generate", json=fields | {"stream": True}, timeout=60, stream=True
    )
    lines = [line.removeprefix("data: ") for line in streamed.text.split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    events = [json.loads(line) for line in lines if not line.startswith(":")]
    text = "".join(event["choices"][0]["text"] for event in events)
    assert text == whole["choices"][0]["text"]
    assert events[-1]["usage"] == whole["usage"]


def test_both_kinds_of_explanation_come_with_offsets(base_url):
    for explain in ("trajectory", "occlusion"):
        fields = {"input": "The film was good!", "explain": explain}
        answer = requests.post(f"{base_url}/v1/classify", json=fields, timeout=60).json()
        pieces = answer["data"][0][explain]
        assert "".join(piece["text"] for piece in pieces).lower().startswith("thefilm")


def test_models_are_listed(base_url):
    models = requests.get(f"{base_url}/v1/models", timeout=60).json()["data"]
    assert {model["id"] for model in models} == {"sentiment", "shakespeare", "names"}
    assert {model["state"] for model in models} == {"ready"}


@pytest.mark.parametrize(
    ("path", "fields", "status", "code"),
    [
        ("/v1/classify", {"input": "good", "model": "nix"}, 404, "model_not_found"),
        ("/v1/classify", {"input": "good", "model": "shakespeare"}, 422, "wrong_task"),
        ("/v1/generate", {"prompt": "x", "model": "names"}, 422, "invalid_value"),
        ("/v1/generate", {"prompt": "x", "max_tokens": 501}, 422, "invalid_value"),
        ("/v1/generate", {"prompt": "x" * 5_000}, 422, "invalid_value"),
        ("/v1/generate", {"prompt": "x", "n": 1_000}, 422, "invalid_value"),
    ],
)
def test_the_real_engines_refusals_are_clear(base_url, path, fields, status, code):
    answer = requests.post(base_url + path, json=fields, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["param"] in fields


def test_many_requests_share_a_connection(fake_url):
    with requests.Session() as session:
        for _ in range(20):
            answer = session.post(f"{fake_url}/v1/classify", json={"input": "good"}, timeout=60)
            assert answer.json()["data"][0]["label"] == "positive"
            assert answer.headers["Connection"] == "keep-alive"


def test_answers_go_to_those_who_asked(fake_url):
    def ask(number):
        headers = {"X-Request-Id": f"request-{number}"}
        answer = requests.get(f"{fake_url}/v1/models", headers=headers, timeout=30)
        return answer.headers["X-Request-Id"]

    with ThreadPoolExecutor(16) as callers:
        assert list(callers.map(ask, range(64))) == [f"request-{number}" for number in range(64)]


def test_a_chunked_body_is_read(fake_url):
    chunks = iter([b'{"input":', b' "good"}'])
    answer = requests.post(f"{fake_url}/v1/classify", data=chunks, timeout=60)
    assert answer.status_code == 200


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
@pytest.mark.parametrize("path", ["/v1/classify", "/nix"])
def test_the_connection_is_closed_if_the_client_asks_for_it(fake_url, path, connection):
    lines = f"Host: a\r\nConnection: {connection}\r\nContent-Length: 2"
    head = f"POST {path} HTTP/1.1\r\n{lines}\r\n\r\n{{}}"
    _, headers, _ = raw(fake_url, head.encode())
    assert headers["Connection"] == connection


def test_a_large_body_is_refused_in_words(fake_url):
    body = b" " * (9 << 20)
    for data in (body, iter([body])):
        answer = requests.post(f"{fake_url}/v1/classify", data=data, timeout=30)
        assert answer.json()["error"]["code"] == "body_too_large"


def test_a_very_large_body_is_refused_before_it_comes(fake_url):
    head = b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000\r\n\r\n"
    status, headers, body = raw(fake_url, head)
    assert (status, json.loads(body)["error"]["code"]) == (413, "body_too_large")
    assert headers["Connection"] == "close"


def test_a_client_that_goes_on_sending_still_reads_its_refusal(fake_url):
    head = b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000\r\n\r\n"
    status, _, body = raw(fake_url, head + b"x" * (8 << 20))
    assert (status, json.loads(body)["error"]["code"]) == (413, "body_too_large")


def test_a_packed_bomb_is_refused(fake_url):
    answer = requests.post(
        f"{fake_url}/v1/classify",
        data=gzip.compress(b" " * (64 << 20)),
        headers={"Content-Encoding": "gzip"},
        timeout=30,
    )
    assert answer.json()["error"]["code"] == "body_too_large"


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"GARBAGE\r\n\r\n", 400, "invalid_http"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "invalid_http"),
        (b"GET /" + b"x" * 5_000 + b" HTTP/1.1\r\n\r\n", 414, "path_too_long"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 9_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\n" + b"A: 1\r\n" * 70 + b"\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: gift\r\n\r\n", 417, "expectation_failed"),
        (
            b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            400,
            "unreadable_body",
        ),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            400,
            "invalid_http",
        ),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400, "invalid_http"),
        (b"POST /v1/classify HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 400, "invalid_http"),
        (
            b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            501,
            "unsupported_transfer",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_broken_http_is_refused_in_json(fake_url, data, status, code):
    answered, headers, body = raw(fake_url, data)
    assert (answered, json.loads(body)["error"]["code"]) == (status, code)
    assert headers["Content-Type"] == "application/json"
    assert headers["Connection"] == "close"
    assert headers["X-Request-Id"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_pages_are_served(fake_url, method):
    answer = requests.request(method, fake_url, headers={"Accept": "text/html"}, timeout=60)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert bool(answer.content) == (method == "GET")
    assert int(answer.headers["Content-Length"]) > 0


def test_an_unread_body_does_not_spoil_the_connection(fake_url):
    with requests.Session() as session:
        assert session.post(f"{fake_url}/nix", data=b"x" * 1_000, timeout=60).status_code == 404
        assert session.get(f"{fake_url}/healthz", timeout=60).status_code == 200


def test_a_slow_body_is_given_up(start_process):
    live = start_process(app=FAKE_APP, env={"CLIENT_TIMEOUT_S": "0.2"})
    head = b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"
    status, _, body = raw(live.base_url, head)
    assert (status, json.loads(body)["error"]["code"]) == (408, "body_too_slow")


def test_each_request_is_one_line_of_the_log_without_its_text(start_process):
    live = start_process(app=FAKE_APP)
    headers = {"X-Request-Id": "find-me"}
    fields = {"input": "my secret is good"}
    requests.post(f"{live.base_url}/v1/classify", json=fields, headers=headers, timeout=60)
    requests.post(f"{live.base_url}/v1/classify", json={"inptu": "secret"}, timeout=60)
    live.stop()
    lines = [line for line in live.logged() if line["logger"] == "request"]
    [mine] = [line for line in lines if line["request_id"] == "find-me"]
    assert (mine["route"], mine["status"], mine["model"]) == ("/v1/classify", 200, "sentiment")
    assert lines[-1]["reason"] in ("missing_field", "unknown_field")
    assert "secret" not in live.log_path.read_text()


def test_texts_are_logged_where_somebody_asks_for_them(start_process):
    live = start_process(app=FAKE_APP, env={"LOG_TEXTS": "1"})
    headers = {"X-Request-Id": "find-me"}
    for fields in ({"input": "my secret is good"}, {"inptu": "refused"}):
        requests.post(f"{live.base_url}/v1/classify", json=fields, headers=headers, timeout=60)
    live.stop()
    noted = [line for line in live.logged() if "body" in line]
    assert [json.loads(line["body"]) for line in noted] == [
        {"input": "my secret is good"},
        {"inptu": "refused"},
    ]
    assert {line["request_id"] for line in noted} == {"find-me"}
