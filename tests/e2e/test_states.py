"""States over the wire: any worker takes what another gave, and no later server does."""

import os
import signal

import pytest
import requests

from tests.e2e.test_lifecycle import until

pytestmark = pytest.mark.e2e

KEY = "k" * 32


def read(live, **fields):
    """Read a text or go on from a state, on a connection of its own."""
    body = {"max_tokens": 0, "return_state": True, **fields}
    return requests.post(f"{live.base_url}/v1/generate", json=body, timeout=20)


def state_of(answer):
    return answer.json()["choices"][0]["state"]


def test_any_worker_takes_a_state_also_one_in_the_place_of_another(start_process, tiny_store):
    live = start_process(tiny_store, {"WORKERS": "2"})
    state = state_of(read(live, prompt="To be"))
    assert {state_of(read(live, state=state)) for _ in range(10)} == {state}

    before = set(live.worker_pids())
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    until(lambda: len(set(live.worker_pids()) - before) == 2)
    live.wait_until_ready()

    assert {state_of(read(live, state=state)) for _ in range(10)} == {state}


def test_a_later_server_takes_it_only_with_the_same_key(start_process, tiny_store):
    one, other, stranger = (
        start_process(tiny_store, env) for env in ({"STATE_KEY": KEY}, {"STATE_KEY": KEY}, {})
    )
    state = state_of(read(one, prompt="To be"))

    assert state_of(read(other, state=state)) == state
    refused = read(stranger, state=state)
    assert (refused.status_code, refused.json()["error"]["param"]) == (422, "state")
    assert not any(part in stranger.log_path.read_text() for part in (state[-40:], "To be"))
