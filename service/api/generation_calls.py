"""How every route that generates starts, waits and streams; knows no protocol's shapes.

A request may have several prompts; each is one generation of the engine, all of one version.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from service.api import sse
from service.api.engine_protocol import GenerationProtocol
from service.api.reply import Reply, Stream
from service.api.request import Request
from service.engine.requests.generate import Delta, GeneratedAnswer, GenerateRequest
from service.engine.requests.translate import TranslateRequest
from service.errors import Cancelled

LOOK_S = 1.0  # how often it is looked whether anybody still waits for a whole text

Piece = tuple[int, Delta | None]
"""A prompt's number and its new text; None is a moment without news."""

WriteEvents = Callable[[Iterator[Delta | None], GenerationProtocol, Request], Iterator[bytes]]
"""Turns the pieces of one generation into a protocol's events."""


def start(ask: GenerateRequest, request: Request) -> GenerationProtocol:
    """Start to generate, and note for logs and metrics who does."""
    return start_all([ask], request)[0]


def start_all(
    asks: Sequence[GenerateRequest] | Sequence[TranslateRequest], request: Request
) -> list[GenerationProtocol]:
    """Start to generate for several prompts: all or, if one is refused, none."""
    generations: list[GenerationProtocol] = []
    record = request.record
    try:
        for ask in asks:
            if generations:  # the version that the first one got, also where another is tried out
                ask = replace(ask, version=record.version)
            generation: GenerationProtocol = request.engine.answer(ask)
            generations.append(generation)
            record.model, record.version = generation.model, generation.version
            record.prompt_tokens += generation.prompt_tokens
            record.num_rows += len(generation.seeds)
    except BaseException:
        _end(generations, request)
        raise
    return generations


def wait(generation: GenerationProtocol, request: Request) -> list[GeneratedAnswer]:
    """Wait for all answers to one prompt; see `wait_all`."""
    return wait_all([generation], request)[0]


def wait_all(
    generations: Sequence[GenerationProtocol], request: Request
) -> list[list[GeneratedAnswer]]:
    """Wait for all answers to each prompt, looking now and then whether anybody still does.

    Raises:
        Cancelled: The client has left.
        ServiceError: A generation failed.
    """
    try:
        for generation in generations:
            while not generation.wait(LOOK_S):
                if request.is_client_gone():
                    raise Cancelled("the client closed its connection")
        answers = [generation.result() for generation in generations]
        request.record.completion_tokens = sum(
            answer.num_tokens for one in answers for answer in one
        )
        return answers
    finally:
        _end(generations, request)


def stream(generation: GenerationProtocol, request: Request, write: WriteEvents) -> Reply:
    """Answer with the events of one generation; see `stream_all`."""

    def write_one(pieces: Iterator[Piece]) -> Iterator[bytes]:
        return write((delta for _, delta in pieces), generation, request)

    return stream_all([generation], request, write_one)


def stream_all(
    generations: Sequence[GenerationProtocol],
    request: Request,
    write: Callable[[Iterator[Piece]], Iterator[bytes]],
) -> Reply:
    """Answer with events, one prompt's after the other's (all are written at the same time).

    The first piece is waited for (at most a heartbeat), so that an early failure has a status.
    """
    heartbeat_s = request.settings.heartbeat_s
    pieces = (
        (number, delta)
        for number, generation in enumerate(generations)
        for delta in generation.events(heartbeat_s)
    )
    try:
        first = next(pieces)
    except BaseException:
        _end(generations, request)
        raise
    events = write(_counted(chain([first], pieces), request))
    return Reply(
        Stream(events, lambda: _end(generations, request)),
        content_type=sse.EVENT_STREAM,
        headers=sse.STREAM_HEADERS,
    )


def stop_texts(given: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the stop texts of a field that takes one or several; None for the model's own."""
    return (given,) if isinstance(given, str) else tuple(given or ()) or None


def usage(request: Request) -> dict[str, Any]:
    """Tell the tokens counted so far, as OpenAI does."""
    record = request.record
    return {
        "prompt_tokens": record.prompt_tokens,
        "completion_tokens": record.completion_tokens,
        "total_tokens": record.prompt_tokens + record.completion_tokens,
        "prompt_tokens_details": None,
    }


def _counted(pieces: Iterator[Piece], request: Request) -> Iterator[Piece]:
    record = request.record
    for piece in pieces:
        if piece[1] is not None:
            record.completion_tokens += piece[1].num_tokens
            if record.first_token_s is None:
                record.first_token_s = time.monotonic() - record.started
        yield piece


def _end(generations: Sequence[GenerationProtocol], request: Request) -> None:
    """Free what the generations still hold, and note where their time went."""
    for generation in generations:
        generation.cancel()
        request.record.note_times(generation.timing)
