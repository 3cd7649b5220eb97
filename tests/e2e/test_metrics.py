"""The figures of the whole service, whatever becomes of its workers."""

import contextlib
import json
import os
import signal
import socket
from collections import Counter

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from service.http.startup_checks import RUN_DIR_PREFIX, memory_dir
from tests.e2e.conftest import free_port
from tests.e2e.test_http import raw
from tests.e2e.test_lifecycle import until

pytestmark = pytest.mark.e2e


def samples(live, name):
    """The values of a figure by its labels."""
    text = requests.get(f"{live.base_url}/metrics", timeout=60).text
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def total(live, name, **labels):
    wanted = set(labels.items())
    return sum(value for key, value in samples(live, name).items() if wanted <= set(key))


def run_dirs(live):
    """The folders in which the workers of this start count."""
    return list(memory_dir().glob(f"{RUN_DIR_PREFIX}{live.process.pid}-*"))


def test_figures_at_a_port_of_their_own_are_there_alone_and_nothing_else_is(
    start_process, tiny_store
):
    port = free_port()
    live = start_process(tiny_store, {"METRICS_PORT": str(port)})
    classify(live)
    door = f"http://127.0.0.1:{port}"
    assert "rnn_requests_total" in requests.get(f"{door}/metrics", timeout=60).text
    refused = [
        requests.get(f"{live.base_url}/metrics", timeout=60),
        requests.get(f"{door}/v1/models", timeout=60),
        requests.post(f"{door}/v1/classify", json={"input": "good"}, timeout=60),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "route_not_found")
    for url in (live.base_url, door):
        assert requests.get(f"{url}/readyz", timeout=60).status_code == 200


def classify(live, text="a good film", **fields):
    """One request on a connection of its own, so that any worker may get it."""
    fields = {"input": text} | fields
    return requests.post(f"{live.base_url}/v1/classify", json=fields, timeout=60)


@pytest.fixture
def live(start_process, tiny_store):
    return start_process(tiny_store, {"WORKERS": "2"})


def test_every_answer_of_every_worker_is_counted_through_kills_and_restarts(live):
    route = {"route": "/v1/classify"}
    asked: Counter[str] = Counter()
    for round_number in range(3):
        until(lambda started=2 + round_number: total(live, "rnn_worker_starts_total") == started)
        for _ in range(20):
            asked[str(classify(live).status_code)] += 1
        asked[str(classify(live, "").status_code)] += 1
        until(lambda: total(live, "rnn_requests_total", **route) == asked.total())  # noted soon
        if round_number < 2:
            before = set(live.worker_pids())
            os.kill(before.pop(), signal.SIGKILL)
            until(lambda before=before: len(set(live.worker_pids()) - before) == 1)
            live.wait_until_ready()
    assert asked == {"200": 60, "422": 3}
    # Looked up in the order in which a worker counts: what comes last is waited for.
    until(lambda: total(live, "rnn_tokens_total", model="sentiment", kind="prompt") == 60 * 3)
    for status, count in asked.items():
        assert total(live, "rnn_requests_total", status=status, **route) == count
    assert total(live, "rnn_queue_seconds_count", model="sentiment") == 60
    until(lambda: total(live, "rnn_request_seconds_count", **route) == 63)
    refused = {"reason": "invalid_value", "model": "none", "version": "none"}
    assert total(live, "rnn_requests_total", **refused) == 3


def test_a_worker_that_ended_leaves_no_file_behind(live):
    [run_dir] = run_dirs(live)

    def files():
        return {path.name for path in (run_dir / "metrics").iterdir()}

    classify(live)
    until(lambda: len(files()) >= 3)
    old = live.worker_pids()
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(live.worker_pids()) == 2 and not set(live.worker_pids()) & set(old))
    live.wait_until_ready()
    until(lambda: not [name for name in files() for pid in old if f"_{pid}." in name])
    assert "counter_ended.db" in files()


def test_what_is_going_on_is_seen_within_seconds(live):
    fields = {"prompt": "To be", "max_tokens": 500, "stream": True, "n": 2}
    with requests.post(f"{live.base_url}/v1/generate", json=fields, stream=True) as stream:
        list(stream.iter_lines())
    until(lambda: total(live, "rnn_workers", state="ready") == 2)
    until(lambda: total(live, "rnn_token_seconds_count", model="shakespeare") == 1)  # noted soon
    assert total(live, "rnn_first_token_seconds_count", model="shakespeare") == 1
    written = total(live, "rnn_tokens_total", model="shakespeare", kind="completion")
    assert written > 2
    until(lambda: total(live, "rnn_batch_rows_total", model="shakespeare") >= written - 2)
    until(lambda: total(live, "rnn_loads_total") == 2 * 3)
    assert total(live, "rnn_model_info", model="names", state="ready") == 2
    assert total(live, "rnn_resident_memory_bytes") > 20e6
    assert total(live, "rnn_store_followed") == 2
    assert total(live, "rnn_build_info") == 1


def test_open_connections_are_told(live):
    with contextlib.ExitStack() as stack:
        for _ in range(7):
            stack.enter_context(socket.create_connection(("127.0.0.1", live.port), 30))
        until(lambda: total(live, "rnn_connections") >= 7)


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"secret\r\n\r\n", 400, "invalid_http"),
        (b"GET / HTTP/1.1\r\nsecret\r\n\r\n", 400, "invalid_http"),
        (b"GET / HTTP/1.1\r\nX-A: %b\r\n\r\n" % (b"secret" * 2000), 431, "headers_too_large"),
        (b"GET /%b HTTP/1.1\r\n\r\n" % (b"secret" * 2000), 414, "path_too_long"),
    ],
    ids=["line", "header", "headers", "path"],
)
def test_what_never_became_a_request_is_noted_like_all_others(live, sent, status, reason):
    got, headers, body = raw(live.base_url, sent)
    assert (got, json.loads(body)["error"]["code"]) == (status, reason)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert (headers["Connection"], headers["Server"]) == ("close", "gunicorn")
    labels = {"route": "unmatched", "status": str(status), "reason": reason, "model": "none"}
    until(lambda: total(live, "rnn_requests_total", **labels) == 1)

    def lines():
        sought = headers["X-Request-Id"]
        return [line for line in live.logged() if line.get("request_id") == sought]

    until(lines)  # the line follows the figure
    [line] = lines()
    assert (line["route"], line["status"], line["reason"]) == ("unmatched", status, reason)
    assert "secret" not in live.log_path.read_text()


def test_the_run_folder_is_gone_when_the_service_has_ended(live):
    assert len(run_dirs(live)) == 1
    assert live.stop() == 0
    assert run_dirs(live) == []


def test_requests_that_are_refused_are_counted_with_the_reason(start_process, tiny_store):
    live = start_process(tiny_store, {"RATE_LIMIT": "2/hour", "WORKERS": "2"})
    statuses = [classify(live).status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    until(lambda: total(live, "rnn_requests_total", reason="rate_limit_exceeded") == 2)
    assert total(live, "rnn_requests_total", route="/v1/classify", status="429") == 2
