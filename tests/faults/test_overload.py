"""More is asked than can be answered: what can be is, the rest is refused at once.

The requests are generations, which cost the service a hundred times what they cost the callers,
since both share this machine.
"""

import time

import pytest

from tests.faults.traffic import Ask, Truth
from tests.faults.watching import cpu_seconds, memory_bytes, percentile
from tests.models import publish_generator

pytestmark = pytest.mark.e2e

NUM_ROWS = 8
MAX_TOKENS = 2000
TIMES_CAPACITY = 10


@pytest.fixture
def store_dir(tmp_path):
    publish_generator(tmp_path, max_tokens=MAX_TOKENS, hidden_size=192, eos_id=None)
    return tmp_path


@pytest.fixture
def live(start_process, store_dir):
    limits = {"MAX_GENERATION_ROWS": str(NUM_ROWS), "MAX_QUEUE_SIZE": str(NUM_ROWS)}
    return start_process(store_dir, limits)


@pytest.fixture
def asks(store_dir):
    """One long text by seed, each with the beginning that it must have."""
    truth = Truth(store_dir)
    truth.learn("shakespeare")

    def is_right(seed, answer):
        said = truth.of(answer).get(("To be", seed))
        return said is not None and answer["choices"][0]["text"].startswith(said)

    def ask(seed):
        fields = {"prompt": "To be", "seed": seed, "max_tokens": MAX_TOKENS}
        return Ask("/v1/generate", fields, lambda answer: is_right(seed, answer))

    return [ask(seed) for seed in range(4)]


def rates(live, running, seconds):
    """Right answers a second, and a second of the service's own processor time."""
    before = running.outcomes["right"], cpu_seconds(live)
    time.sleep(seconds)
    answers = running.outcomes["right"] - before[0]
    return answers / seconds, answers / (cpu_seconds(live) - before[1])


def flood(live, asks, traffic, seconds):
    """Ask at capacity, then ten times as much.

    Returns:
        The share of answers that is left, for the same processor time of the service (the callers
        take theirs from the same machine), and the median milliseconds of a refusal.
    """
    calm = traffic(live.base_url, asks, num_threads=2 * NUM_ROWS)
    calm.wait_for(2 * NUM_ROWS)
    peak, cpu_peak = rates(live, calm, seconds)
    calm.stop()
    before = memory_bytes(live)
    num_threads = 8 * NUM_ROWS
    pause_s = max(0.0, (num_threads - 2 * NUM_ROWS) / (TIMES_CAPACITY * peak))
    running = traffic(live.base_url, asks, num_threads=num_threads, pause_s=pause_s)
    running.wait_for(2 * NUM_ROWS)
    goodput, cpu_goodput = rates(live, running, seconds)
    grown = memory_bytes(live) - before
    outcomes = running.stop()
    p50, p99 = (1000 * percentile(running.refusals, share) for share in (0.5, 0.99))
    asked = outcomes.total() / outcomes["right"]
    print(
        f"peak {peak:.0f}/s, {asked:.1f} times as much asked: {goodput:.0f}/s "
        f"({goodput / peak:.2f}; by processor time {cpu_goodput / cpu_peak:.2f}), "
        f"{dict(outcomes)}, refusals p50 {p50:.0f} ms, p99 {p99:.0f} ms, "
        f"memory {grown / 1e6:+.1f} MB"
    )
    assert set(outcomes) == {"right", 503}
    assert grown < 30e6
    return cpu_goodput / cpu_peak, p50


def test_beyond_its_capacity_the_service_answers_what_it_can(live, asks, traffic):
    share, _ = flood(live, asks, traffic, seconds=3)
    assert share > 0.5


@pytest.mark.slow
def test_half_a_minute_at_ten_times_the_capacity(live, asks, traffic):
    share, refused_ms = flood(live, asks, traffic, seconds=30)
    assert share > 0.85
    assert refused_ms < 50


def test_a_crowd_that_asks_again_at_once_does_not_stop_the_answers(live, asks, traffic):
    """One step a turn left answers 2 % of the time: none came in 20 seconds."""
    running = traffic(live.base_url, asks, num_threads=4 * NUM_ROWS)
    running.wait_for(4)
    assert set(running.stop()) == {"right", 503}
    assert all(int(seconds) >= 1 for seconds in running.retry_after)
