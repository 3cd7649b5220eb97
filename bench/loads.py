"""The loads: each runs one server for a few seconds and returns a sample."""

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.client import Answer, ask_all, ask_at_rate
from bench.results import Key, Sample, percentiles
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
from bench.wrk import ClosedLoop

CLASSIFY, GENERATE = "/v1/classify", "/v1/generate"
BULK_CONNECTIONS = 4
RATE_CONNECTIONS = 256
HEAD_START_S = 0.3  # of the bulk load before the single texts beside it
COLLAPSED_S = 0.25  # a 99th percentile over this is a collapse


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the loads are.

    Args:
        seconds: Length of one run.
        clients: Connections of the loads of single texts.
        streams: Streams of the generation loads.
        bulk_size: Texts of a bulk request.
        num_tokens: Tokens of a generated answer.
    """

    seconds: float = 2.0
    clients: tuple[int, ...] = (1, 16, 64)
    streams: tuple[int, ...] = (1, 8, 32)
    bulk_size: int = 256
    num_tokens: int = 200


def warm_up(server: Server, scale: Scale, *, generates: bool = True) -> None:
    """Send a few requests of each kind, so that nothing is done for the first time later."""
    requests = [http_request(CLASSIFY, body) for body in classify_bodies(make_texts(40, SHORT))]
    requests += [http_request(CLASSIFY, body) for body in bulk_bodies(4, scale.bulk_size)]
    if generates:
        requests += [http_request(GENERATE, b) for b in generate_bodies(8, 10, stream=True)]
    for _, answer in ask_all(server.port, requests, 8):
        if answer.status != 200:
            raise RuntimeError(f"{server.name} answered {bytes(answer.data[:500])!r}")


def single(server: Server, key: Key, scale: Scale) -> Sample:
    """Send one text a request, "short" or "long" by the key's load."""
    texts = make_texts(512, SHORT if key.load == "short" else LONG)
    return _closed(server, key, classify_bodies(texts), scale.seconds)


def bulk(server: Server, key: Key, scale: Scale) -> Sample:
    """Send many texts a request; the items are texts."""
    bodies = bulk_bodies(8, scale.bulk_size)
    return _closed(server, key, bodies, scale.seconds, items=scale.bulk_size)


def beside(server: Server, key: Key, scale: Scale) -> Sample:
    """Send single short texts beside a continuous bulk load; only their latency counts."""
    background = ClosedLoop(
        server.port,
        CLASSIFY,
        bulk_bodies(8, scale.bulk_size),
        connections=BULK_CONNECTIONS,
        seconds=scale.seconds + 1,
    )
    time.sleep(HEAD_START_S)
    sample = _closed(server, key, classify_bodies(make_texts(512, SHORT)), scale.seconds)
    errors = background.result().errors
    return Sample(
        key, sample.per_s, 0.0, latency_ms=sample.latency_ms, errors=sample.errors + errors
    )


def generate(server: Server, key: Key, scale: Scale) -> Sample:
    """Keep so many streams writing; the items are tokens."""
    bodies = generate_bodies(4096, scale.num_tokens, stream=True)
    server.forget_log()
    cpu_before, own_before, started = server.cpu_s(), _own_s(), time.perf_counter()
    deadline = started + scale.seconds
    requests = _until(deadline, [http_request(GENERATE, body) for body in bodies])
    answers = [answer for _, answer in ask_all(server.port, requests, key.clients)]
    elapsed_s = time.perf_counter() - started
    used_s, own_s = server.cpu_s() - cpu_before, _own_s() - own_before
    tokens = max(1, sum(answer.num_tokens for answer in answers))
    return Sample(
        key,
        _tokens_per_s(answers, started=started, seconds=scale.seconds),
        used_s / tokens * 1e6,
        latency_ms=_ms(answer.duration_s for answer in answers),
        first_ms=_ms(answer.first_s for answer in answers),
        gap_ms=_ms(gap for answer in answers for gap in answer.gaps_s),
        errors=sum(answer.status != 200 for answer in answers),
        client_share=own_s / elapsed_s,
    )


def at_rate(server: Server, key: Key, scale: Scale, *, rate: float) -> Sample:
    """Send short texts at even intervals, whether earlier ones are answered or not."""
    requests = [http_request(CLASSIFY, body) for body in classify_bodies(make_texts(512, SHORT))]
    server.forget_log()
    cpu_before, own_before, started = server.cpu_s(), _own_s(), time.perf_counter()
    answers = list(
        ask_at_rate(
            server.port, requests, rate=rate, seconds=scale.seconds, connections=RATE_CONNECTIONS
        )
    )
    elapsed_s = time.perf_counter() - started
    return Sample(
        key,
        len(answers) / elapsed_s,
        (server.cpu_s() - cpu_before) / len(answers) * 1e6,
        latency_ms=_ms(answer.duration_s for answer in answers),
        errors=sum(answer.status != 200 for answer in answers),
        client_share=(_own_s() - own_before) / elapsed_s,
    )


def has_collapsed(sample: Sample, rate: float) -> bool:
    """Whether a server did not keep up with an arrival rate."""
    return sample.latency_ms[99] > COLLAPSED_S * 1e3 or sample.per_s < 0.9 * rate


Load = Callable[[Server, Key, Scale], Sample]
LOADS: dict[str, Load] = {
    "short": single,
    "long": single,
    "bulk": bulk,
    "beside": beside,
    "generate": generate,
}


def _closed(
    server: Server, key: Key, bodies: Sequence[bytes], seconds: float, *, items: int = 1
) -> Sample:
    server.forget_log()
    before = server.cpu_s()
    seen = ClosedLoop(
        server.port, CLASSIFY, bodies, connections=key.clients, seconds=seconds
    ).result()
    used_s = server.cpu_s() - before
    count = max(1, seen.requests) * items
    return Sample(
        key,
        seen.requests * items / seen.duration_s,
        used_s / count * 1e6,
        latency_ms={percent: value * 1e3 for percent, value in seen.latency_s.items()},
        errors=seen.errors,
        client_share=seen.client_s / seen.duration_s,
    )


def _until(deadline: float, requests: Sequence[bytes]) -> Iterator[bytes]:
    for request in requests:
        if time.perf_counter() >= deadline:
            return
        yield request


def _tokens_per_s(answers: Sequence[Answer], *, started: float, seconds: float) -> float:
    """Return the rate inside the time; an answer that outlasts it counts by its share.

    Where answers take longer than the whole time, it is the rate until the last one's end.
    """
    if max(answer.duration_s for answer in answers) >= seconds:
        seconds = max(answer.arrivals[-1] for answer in answers) - started
    end = started + seconds
    shares = (min(1.0, (end - answer.due) / answer.duration_s) for answer in answers)
    pairs = zip(answers, shares, strict=True)
    return sum(answer.num_tokens * share for answer, share in pairs) / seconds


def _ms(seconds: Iterator[float]) -> dict[int, float]:
    return percentiles(each * 1e3 for each in seconds)


def _own_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
