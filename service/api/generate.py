"""`POST /v1/generate`: a prompt in, text out, whole or as server-sent events."""

import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

from service.api import sse
from service.api.body import parse_json
from service.api.limits import check_at_most, check_text
from service.api.ports import GenerationPort
from service.api.reply import Reply, Stream, json_reply
from service.api.request import Request
from service.api.schemas import GenerateAsk
from service.engine.types import Delta, FinishReason, GenerateRequest, Sampling, TokenLogprob
from service.errors import Cancelled

LOOK_S = 1.0  # how often a caller that waits for the whole text is looked after


def generate(request: Request) -> Reply:
    """Answer with the generated texts, or with a stream of their pieces."""
    ask = parse_json(GenerateAsk, request)
    check_text(ask.prompt, request.settings, "prompt")
    check_at_most(ask.max_tokens, request.settings.max_tokens, "max_tokens")
    generation = request.engine.generate(
        GenerateRequest(
            prompt=ask.prompt,
            sampling=sampling_of(ask),
            model=ask.model,
            deadline=request.deadline(),
        )
    )
    record = request.record
    record.model, record.version = generation.model, generation.version
    record.prompt_tokens = generation.prompt_tokens
    if ask.stream:
        return stream_reply(generation, request)
    try:
        return json_reply(_whole(generation, request))
    finally:
        generation.cancel()


def sampling_of(ask: GenerateAsk) -> Sampling:
    """Translate the request's fields to the engine's."""
    return Sampling(
        max_tokens=ask.max_tokens,
        temperature=ask.temperature,
        top_k=ask.top_k,
        top_p=ask.top_p,
        min_p=ask.min_p,
        repetition_penalty=ask.repetition_penalty,
        stop=(ask.stop,) if isinstance(ask.stop, str) else tuple(ask.stop or ()) or None,
        seed=ask.seed,
        n=ask.n,
        logprobs=ask.logprobs,
    )


def stream_reply(generation: GenerationPort, request: Request) -> Reply:
    """Answer with events; waits for the first, so that an early failure still has a status."""
    deltas = generation.events(request.settings.heartbeat_s)
    try:
        first = next(deltas, None)
    except BaseException:
        generation.cancel()
        raise
    chunks = _events(chain([first], deltas), generation, request)
    return Reply(
        Stream(chunks, generation.cancel),
        content_type=sse.EVENT_STREAM,
        headers=sse.STREAM_HEADERS,
    )


def _events(
    deltas: Iterator[Delta | None], generation: GenerationPort, request: Request
) -> Iterator[bytes]:
    """Write each piece as an event; the last one carries the usage."""
    head = _head(generation, request, "generation.chunk")
    unfinished = len(generation.seeds)
    for delta in deltas:
        if delta is None:
            yield sse.HEARTBEAT
            continue
        request.record.completion_tokens += delta.num_tokens
        unfinished -= delta.finish_reason is not None
        chunk = head | {"choices": [_choice(delta, generation.seeds[delta.index])]}
        if unfinished == 0:
            chunk["usage"] = _usage(request)
        yield sse.event(chunk)
    yield sse.DONE


def _whole(generation: GenerationPort, request: Request) -> dict[str, Any]:
    """Wait for all answers, looking now and then whether anybody still does.

    Raises:
        Cancelled: The client has left.
    """
    texts = [""] * len(generation.seeds)
    logprobs: list[list[TokenLogprob]] = [[] for _ in texts]
    reasons: list[FinishReason | None] = [None] * len(texts)
    for delta in generation.events(LOOK_S):
        if delta is None:
            if request.is_client_gone():
                raise Cancelled("the client closed its connection")
            continue
        texts[delta.index] += delta.text
        logprobs[delta.index] += delta.logprobs
        reasons[delta.index] = delta.finish_reason
        request.record.completion_tokens += delta.num_tokens
    choices = [
        _choice(Delta(index, text, 0, reason, tuple(logprobs[index])), generation.seeds[index])
        for index, (text, reason) in enumerate(zip(texts, reasons, strict=True))
    ]
    head = _head(generation, request, "generation")
    return head | {"choices": choices, "usage": _usage(request)}


def _head(generation: GenerationPort, request: Request, kind: str) -> dict[str, Any]:
    return {
        "id": f"generate-{request.request_id}",
        "object": kind,
        "created": int(time.time()),
        "model": generation.model,
        "version": generation.version,
    }


def _choice(delta: Delta, seed: int) -> dict[str, Any]:
    choice: dict[str, Any] = {
        "index": delta.index,
        "text": delta.text,
        "finish_reason": delta.finish_reason,
        "seed": seed,
    }
    if delta.logprobs:
        choice["logprobs"] = [_logprob(token) for token in delta.logprobs]
    return choice


def _logprob(token: TokenLogprob) -> dict[str, Any]:
    return {
        "token_id": token.token_id,
        "text": token.text,
        "logprob": token.logprob,
        "top": [{"text": text, "logprob": logprob} for text, logprob in token.top],
    }


def _usage(request: Request) -> dict[str, Any]:
    record = request.record
    return {
        "prompt_tokens": record.prompt_tokens,
        "completion_tokens": record.completion_tokens,
        "total_tokens": record.prompt_tokens + record.completion_tokens,
        "prompt_tokens_details": None,
    }
