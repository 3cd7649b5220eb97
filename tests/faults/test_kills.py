"""Workers are killed under traffic: only what they were answering is lost, and nothing is wrong."""

import os
import random
import signal
import time

import pytest

from tests.e2e.test_lifecycle import until
from tests.faults.traffic import Truth, classify_asks, generate_asks
from tests.faults.watching import figure

pytestmark = pytest.mark.e2e

NUM_THREADS = 4


@pytest.fixture
def live(start_process, tiny_store):
    return start_process(tiny_store, {"WORKERS": "2"})


@pytest.fixture
def asks(tiny_store):
    truth = Truth(tiny_store)
    truth.learn("sentiment")
    truth.learn("shakespeare")
    return classify_asks(truth) + generate_asks(truth)


def kill_again_and_again(live, running, num_kills):
    """Kill a worker each second; return the seconds until there were two again."""
    chance = random.Random(1)
    gaps_s = []
    for _ in range(num_kills):
        before = live.worker_pids()
        os.kill(chance.choice(before), signal.SIGKILL)
        started = time.monotonic()
        until(lambda before=before: len(set(live.worker_pids()) - set(before)) >= 1)
        gaps_s.append(time.monotonic() - started)
        running.wait_for(20)
        time.sleep(max(0.0, 1 - (time.monotonic() - started)))
    return gaps_s


def check_kills(live, asks, traffic, num_kills):
    running = traffic(live.base_url, asks, num_threads=NUM_THREADS)
    running.wait_for(20)
    gaps_s = kill_again_and_again(live, running, num_kills)
    outcomes = running.stop()
    share = outcomes["broken"] / outcomes.total()
    print(
        f"{num_kills} kills, {dict(outcomes)}, {share:.2%} broken, replaced after "
        f"{max(gaps_s):.2f} s at most"
    )
    assert set(outcomes) <= {"right", "broken"}
    assert outcomes["broken"] <= NUM_THREADS * num_kills
    live.wait_until_ready()
    assert figure(live, "rnn_requests_total", route="/v1/classify", status="500") == 0


def test_two_kills_lose_only_what_was_being_answered(live, asks, traffic):
    check_kills(live, asks, traffic, num_kills=2)


@pytest.mark.slow
def test_a_kill_each_second_for_a_minute_loses_only_what_was_being_answered(live, asks, traffic):
    check_kills(live, asks, traffic, num_kills=60)
