"""How every route that generates starts, waits and streams; knows no protocol's shapes."""

from collections.abc import Callable, Iterator
from itertools import chain

from service.api import sse
from service.api.ports import GenerationPort
from service.api.reply import Reply, Stream
from service.api.request import Request
from service.engine.types import Delta, GeneratedAnswer, GenerateRequest
from service.errors import Cancelled

LOOK_S = 1.0  # how often it is looked whether anybody still waits for a whole text

WriteEvents = Callable[[Iterator[Delta | None], GenerationPort, Request], Iterator[bytes]]
"""Turns pieces into a protocol's events; None among them is a moment without news."""


def start(ask: GenerateRequest, request: Request) -> GenerationPort:
    """Start to generate, and note for logs and metrics who does."""
    generation = request.engine.generate(ask)
    record = request.record
    record.model, record.version = generation.model, generation.version
    record.prompt_tokens = generation.prompt_tokens
    return generation


def wait(generation: GenerationPort, request: Request) -> list[GeneratedAnswer]:
    """Wait for all answers, looking now and then whether anybody still does.

    Raises:
        Cancelled: The client has left.
        ServiceError: The generation failed.
    """
    try:
        while not generation.wait(LOOK_S):
            if request.is_client_gone():
                raise Cancelled("the client closed its connection")
        answers = generation.result()
        request.record.completion_tokens = sum(answer.num_tokens for answer in answers)
        return answers
    finally:
        _end(generation, request)


def stream(generation: GenerationPort, request: Request, write: WriteEvents) -> Reply:
    """Answer with events.

    The first piece is waited for (at most a heartbeat), so that an early failure has a status.
    """
    deltas = generation.events(request.settings.heartbeat_s)
    try:
        first = next(deltas, None)
    except BaseException:
        _end(generation, request)
        raise
    events = write(_counted(chain([first], deltas), request), generation, request)
    return Reply(
        Stream(events, lambda: _end(generation, request)),
        content_type=sse.EVENT_STREAM,
        headers=sse.STREAM_HEADERS,
    )


def _counted(deltas: Iterator[Delta | None], request: Request) -> Iterator[Delta | None]:
    for delta in deltas:
        if delta is not None:
            request.record.completion_tokens += delta.num_tokens
        yield delta


def _end(generation: GenerationPort, request: Request) -> None:
    """Free what the generation still holds, and note where its time went."""
    generation.cancel()
    timing = generation.timing
    record = request.record
    record.queue_s, record.compute_s = timing.queue_s, timing.compute_s
    record.batch_size = timing.batch_size
