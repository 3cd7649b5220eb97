"""The promise under load: every answer among thousands of mixed requests is the one given alone.

Afterwards nothing is left behind: no thread, no busy row, no growing memory.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench import proc
from bench.client import Answer, ask_all
from bench.loads import CLASSIFY, GENERATE
from bench.servers import Server
from bench.texts import (
    LONG,
    SHORT,
    bulk_bodies,
    classify_bodies,
    generate_bodies,
    http_request,
    make_texts,
)

CLIENTS = 64
NUM_TOKENS = 24
IDLE_S = 1.0
OWN = re.compile(rb'"(?:id|created)":(?:"[^"]*"|\d+),?')  # what differs from answer to answer
PIECE = re.compile(rb'"text":"((?:[^"\\]|\\.)*)"')
EVENT = b"data: "


@dataclass(frozen=True, slots=True)
class Promise:
    """What came of it.

    Args:
        requests: Mixed requests that were sent.
        different: Answers that were not the one given alone, failed ones included.
        threads_left: Threads more than before.
        memory_left_bytes: Memory more than halfway through.
        idle_share: Processor time of the idle server afterwards, in cores.
    """

    requests: int
    different: int
    threads_left: int
    memory_left_bytes: int
    idle_share: float


def check_promise(server: Server, count: int) -> Promise:
    """Ask each of some requests alone, then `count` requests, mixed, at 64 connections."""
    requests = _mixture()
    alone = {number: essence(answer) for number, answer in ask_all(server.port, requests, 1)}
    orders = [(7 * place) % len(requests) for place in range(count)]
    half = count // 2
    different = _count_different(server, requests, orders=orders[:half], alone=alone)
    threads, memory = proc.num_threads(server.pid), proc.memory_bytes(server.pid)
    different += _count_different(server, requests, orders=orders[half:], alone=alone)
    time.sleep(IDLE_S)
    used_s = server.cpu_s()
    time.sleep(IDLE_S)
    return Promise(
        count,
        different,
        proc.num_threads(server.pid) - threads,
        proc.memory_bytes(server.pid) - memory,
        (server.cpu_s() - used_s) / IDLE_S,
    )


def essence(answer: Answer) -> tuple[int, bytes]:
    """Return what must be the same each time: status, and the body without id and time.

    Of a stream, the text put together: where it is cut into pieces depends on the moment.
    """
    body = answer.body
    if EVENT in body:
        return answer.status, b"".join(PIECE.findall(body))
    return answer.status, OWN.sub(b"", body)


def _mixture() -> list[bytes]:
    """Return requests of every kind; their number has no factor 7."""
    bodies = [
        (CLASSIFY, classify_bodies(make_texts(32, SHORT))),
        (CLASSIFY, classify_bodies(make_texts(8, LONG))),
        (CLASSIFY, bulk_bodies(4, 20)),
        (GENERATE, generate_bodies(10, NUM_TOKENS, stream=False)),
        (GENERATE, generate_bodies(10, NUM_TOKENS, stream=True)),
    ]
    return [http_request(path, body) for path, group in bodies for body in group]


def _count_different(
    server: Server,
    requests: Sequence[bytes],
    *,
    orders: Sequence[int],
    alone: dict[int, tuple[int, bytes]],
) -> int:
    server.forget_log()
    asked = ask_all(server.port, [requests[number] for number in orders], CLIENTS)
    return sum(essence(answer) != alone[orders[place]] for place, answer in asked)
