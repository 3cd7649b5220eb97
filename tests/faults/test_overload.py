"""More is asked than can be answered: what can be is, the rest is refused at once.

Once by ten times as many callers as can be answered, who come again when they are told to
(`Retry-After`), and once by callers who do not care: ten times as many requests a second as can be
answered, at even intervals. A refusal costs up to half a millisecond, since a step of the model
leaves nothing of the code in the processor's caches, so those who come in ten milliseconds are
refused together. The callers are one thread over plain sockets, since they share the machine.
"""

import heapq
import itertools
import json
import re
import select
import time
from collections import Counter

import pytest

from bench.client import Connection, ask_all, ask_at_rate
from bench.texts import http_request
from tests.faults.traffic import Ask, Truth
from tests.faults.watching import cpu_seconds, memory_bytes, percentile
from tests.models import publish_generator

pytestmark = pytest.mark.e2e

NUM_ROWS = 8
NUM_CALLERS = 12  # at capacity: all rows are taken, some wait
MAX_TOKENS = 400
TIMES_CAPACITY = 10
MAX_CONNECTIONS = 200  # of the callers


@pytest.fixture
def store_dir(tmp_path):
    size = {"hidden_size": 448, "num_layers": 2, "embedding_dim": 128}
    publish_generator(tmp_path, max_tokens=MAX_TOKENS, eos_id=None, **size)
    return tmp_path


@pytest.fixture
def live(start_process, store_dir):
    limits = {"MAX_GENERATION_ROWS": str(NUM_ROWS), "MAX_QUEUE_SIZE": str(NUM_CALLERS)}
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


RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)


def ask_patiently(port, requests, seconds, num_callers):
    """Let callers ask again when they are answered, or when the answer says; yield the answers."""
    end = time.perf_counter() + seconds
    everyone = [Connection(port) for _ in range(num_callers)]
    resting = [(0.0, number, each) for number, each in enumerate(everyone)]
    busy: set[Connection] = set()
    order, asked = itertools.count(num_callers), itertools.cycle(requests)
    while busy or time.perf_counter() < end:
        now = time.perf_counter()
        while resting and resting[0][0] <= now < end:
            connection = heapq.heappop(resting)[2]
            connection.send(next(asked), now)
            busy.add(connection)
        wait_s = max(0.0, resting[0][0] - now) if resting and now < end else None
        for connection in select.select(busy, [], [], wait_s)[0]:
            if connection.receive():
                busy.remove(connection)
                told = RETRY_AFTER.search(connection.answer.data)
                due = time.perf_counter() + (int(told[1]) if told else 0)
                heapq.heappush(resting, (due, next(order), connection))
                yield connection.answer
    for connection in everyone:
        connection.close()


class Crowd:
    """Callers whose answers are checked, and what became of them.

    `rate` is of right answers a second, `per_cpu_s` the same a second of the service's own
    processor time, `asked` the requests a second; `refusals_s` the seconds that refusals took.
    """

    def __init__(self, live, asks):
        self._live = live
        self._asks = asks
        self._requests = [http_request(ask.path, ask.body) for ask in asks]
        self.outcomes: Counter[str | int] = Counter()
        self.refusals_s = []

    def at_capacity(self, seconds):
        """So many callers that all rows are taken and a few wait, asking again once answered."""
        until = time.monotonic() + seconds

        def requests():
            number = 0
            while time.monotonic() < until:
                yield self._requests[number % len(self._requests)]
                number += 1

        answers = ask_all(self._live.port, requests(), NUM_CALLERS)
        return self._watch((number % len(self._asks), answer) for number, answer in answers)

    def patient(self, seconds):
        """Ten times as many callers, who come again when they are told to."""
        answers = ask_patiently(
            self._live.port, self._requests, seconds, TIMES_CAPACITY * NUM_CALLERS
        )
        return self._watch((None, answer) for answer in answers)

    def at_rate(self, rate, seconds):
        """Requests at even intervals."""
        answers = ask_at_rate(
            self._live.port,
            self._requests,
            rate=rate,
            seconds=seconds,
            connections=MAX_CONNECTIONS,
        )
        return self._watch((None, answer) for answer in answers)

    def _watch(self, answers):
        started, used_s = time.monotonic(), cpu_seconds(self._live)
        for number, answer in answers:
            self._judge(number, answer)
        elapsed_s = time.monotonic() - started
        self.rate = self.outcomes["right"] / elapsed_s
        self.asked = self.outcomes.total() / elapsed_s
        self.per_cpu_s = self.outcomes["right"] / (cpu_seconds(self._live) - used_s)
        return self

    def _judge(self, number, answer):
        if answer.status != 200:
            self.outcomes[answer.status] += 1
            self.refusals_s.append(answer.duration_s)
            return
        content = json.loads(answer.body)
        asks = self._asks if number is None else [self._asks[number]]
        is_right = any(ask.is_right(content) for ask in asks)
        self.outcomes["right" if is_right else "wrong"] += 1


def flood(live, asks, seconds, crowd_of):
    """Ask at capacity, then far more, then at capacity again.

    Args:
        crowd_of: Makes the crowd ask, given the answers a second at capacity.

    Returns:
        The share of answers that is left for the same processor time of the service (whatever
        else runs takes time from it), and the milliseconds of the 99th of 100 refusals.
    """
    Crowd(live, asks).at_capacity(1)
    before_bytes = memory_bytes(live)
    before = Crowd(live, asks).at_capacity(seconds / 2)
    crowd = crowd_of(Crowd(live, asks), before.rate)
    after = Crowd(live, asks).at_capacity(seconds / 2)
    grown = memory_bytes(live) - before_bytes
    share = 2 * crowd.rate / (before.rate + after.rate)
    cpu_share = 2 * crowd.per_cpu_s / (before.per_cpu_s + after.per_cpu_s)
    p50, p99 = (1000 * percentile(crowd.refusals_s, each) for each in (0.5, 0.99))
    print(
        f"at capacity {before.rate:.1f} and {after.rate:.1f}/s, {crowd.asked:.0f}/s asked: "
        f"{crowd.rate:.1f}/s ({share:.2f}; for the same processor time {cpu_share:.2f}), "
        f"{dict(crowd.outcomes)}, refusals p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
        f"memory {grown / 1e6:+.1f} MB"
    )
    assert set(before.outcomes) | set(after.outcomes) == {"right"}
    assert set(crowd.outcomes) == {"right", 503}
    assert grown < 30e6
    return cpu_share, p99


def test_ten_times_the_callers_leave_the_answers_as_many(live, asks):
    cpu_share, _ = flood(live, asks, 3, lambda crowd, rate: crowd.patient(3))
    assert cpu_share > 0.6


@pytest.mark.slow
def test_half_a_minute_of_ten_times_the_callers(live, asks):
    cpu_share, refused_ms = flood(live, asks, 30, lambda crowd, rate: crowd.patient(30))
    assert cpu_share >= 0.9
    assert refused_ms < 50


@pytest.mark.slow
def test_half_a_minute_of_ten_times_the_requests(live, asks):
    """What nine refusals for each answer leave; see the bound in docs/reliability.md."""
    cpu_share, refused_ms = flood(
        live, asks, 30, lambda crowd, rate: crowd.at_rate(TIMES_CAPACITY * rate, 30)
    )
    assert cpu_share > 0.8
    assert refused_ms < 50


def test_a_crowd_that_asks_again_at_once_does_not_stop_the_answers(live, asks, traffic):
    """One step a turn left answers 2 % of the time: none came in 20 seconds."""
    running = traffic(live.base_url, asks, num_threads=4 * NUM_ROWS)
    running.wait_for(4)
    assert set(running.stop()) == {"right", 503}
    assert all(int(seconds) >= 1 for seconds in running.retry_after)
