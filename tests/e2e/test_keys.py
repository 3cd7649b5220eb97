"""API keys and rates on a real service with two workers."""

import hashlib

import pytest
import requests

from tests.e2e.test_lifecycle import request_lines, until

pytestmark = pytest.mark.e2e


def line(name, key):
    return f"{name} {hashlib.sha256(key.encode()).hexdigest()}\n"


def write_whole(keys_file, text):
    """Put another file in a file's place, so that nobody reads half of it."""
    made = keys_file.with_name("keys.new")
    made.write_text(text)
    made.replace(keys_file)


def classify(live, key=None):
    """One request on a connection of its own, so that any worker may get it."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return requests.post(
        f"{live.base_url}/v1/classify", json={"input": "good"}, headers=headers, timeout=60
    )


@pytest.fixture
def keys_file(tmp_path):
    path = tmp_path / "keys"
    path.write_text(line("ann", "a-key"))
    return path


def test_a_key_that_is_added_or_deleted_counts_on_all_workers_at_once(
    start_process, tiny_store, keys_file
):
    env = {"API_KEYS_FILE": str(keys_file), "WORKERS": "2", "HOST": "0.0.0.0"}
    live = start_process(tiny_store, env)
    assert classify(live).status_code == 401
    assert classify(live, "a-key").status_code == 200
    assert requests.get(f"{live.base_url}/metrics", timeout=60).status_code == 401
    write_whole(keys_file, line("bob", "b-key"))
    until(lambda: all(classify(live, "b-key").status_code == 200 for _ in range(16)))
    until(lambda: all(classify(live, "a-key").status_code == 401 for _ in range(16)))
    write_whole(keys_file, "no line of a key")
    until(lambda: "the API keys stay as they were" in live.log_path.read_text())
    assert classify(live, "b-key").status_code == 200
    names = {one.get("key") for one in request_lines(live) if one["status"] == 200}
    assert names >= {"ann", "bob"}
    assert "a-key" not in live.log_path.read_text()


def test_a_rate_holds_for_all_workers_together(start_process, tiny_store):
    live = start_process(tiny_store, {"RATE_LIMIT": "20/hour", "WORKERS": "2"})
    answers = [classify(live) for _ in range(30)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 10
    assert {answer.headers["RateLimit-Remaining"] for answer in answers[20:]} == {"0"}
    assert 3000 < int(answers[-1].headers["Retry-After"]) <= 3600
