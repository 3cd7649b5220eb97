"""`POST /v1/generate`: a prompt in, text out, whole or as server-sent events."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from service.api import sse
from service.api.body import parse_json
from service.api.engine_protocol import GenerationProtocol
from service.api.errors import SchemaError
from service.api.gates import gates_ask, gates_body
from service.api.generation_calls import start, stop_texts, stream, usage, wait
from service.api.limits import check_at_most, check_text
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.tasks.generation.schemas import GenerateAsk
from service.engine.requests.generate import (
    Delta,
    GeneratedAnswer,
    GenerateRequest,
    Sampling,
    TokenLogprob,
)


def generate(request: Request) -> Reply:
    """Answer with the generated texts, or with a stream of their pieces."""
    ask = parse_json(GenerateAsk, request)
    if ask.prompt is None and ask.input is None and ask.state is None:
        raise SchemaError("`prompt` is missing; it must be a text", param="prompt")
    check_text(ask.prompt or "", request.settings, "prompt")
    check_at_most(ask.max_tokens, request.settings.max_tokens, "max_tokens")
    check_at_most(ask.min_tokens, request.settings.max_tokens, "min_tokens")
    gates = gates_ask(ask, is_wanted=ask.explain == "gates")
    generation = start(
        GenerateRequest(
            prompt=ask.prompt or "",
            sampling=sampling_of(ask),
            model=ask.model,
            deadline=request.deadline(),
            numbers=ask.input or (),
            state=ask.state,
            returns_state=ask.return_state,
            gates=gates,
        ),
        request,
    )
    is_packed = gates is not None and gates.is_packed
    if ask.stream:
        return stream(generation, request, partial(_events, is_packed=is_packed))
    answers = wait(generation, request)
    choices = [_choice(answer, answer.seed, is_packed=is_packed) for answer in answers]
    head = _head(generation, request, "generation")
    return json_reply(head | {"choices": choices, "usage": usage(request)})


def sampling_of(ask: GenerateAsk) -> Sampling:
    """Translate the request's fields to the engine's."""
    return Sampling(
        max_tokens=ask.max_tokens,
        min_tokens=ask.min_tokens,
        ignore_eos=ask.ignore_eos,
        temperature=ask.temperature,
        top_k=ask.top_k,
        top_p=ask.top_p,
        min_p=ask.min_p,
        repetition_penalty=ask.repetition_penalty,
        stop=stop_texts(ask.stop),
        seed=ask.seed,
        n=ask.n,
        logprobs=ask.logprobs,
    )


def _events(
    deltas: Iterator[Delta | None],
    generation: GenerationProtocol,
    request: Request,
    *,
    is_packed: bool,
) -> Iterator[bytes]:
    """Write each piece as an event; the last one carries the usage."""
    head = _head(generation, request, "generation.chunk")
    unfinished = len(generation.seeds)
    for delta in deltas:
        if delta is None:
            yield sse.HEARTBEAT
            continue
        unfinished -= delta.finish_reason is not None
        choice = _choice(delta, generation.seeds[delta.index], is_packed=is_packed)
        choice["num_tokens"] = delta.num_tokens
        chunk = head | {"choices": [choice]}
        if unfinished == 0:
            chunk["usage"] = usage(request)
        yield sse.event(chunk)
    yield sse.DONE


def _head(generation: GenerationProtocol, request: Request, kind: str) -> dict[str, Any]:
    return {
        "id": f"generate-{request.request_id}",
        "object": kind,
        "created": int(time.time()),
        "model": generation.model,
        "version": generation.version,
    }


def _choice(piece: Delta | GeneratedAnswer, seed: int, *, is_packed: bool) -> dict[str, Any]:
    choice: dict[str, Any] = {
        "index": piece.index,
        "text": piece.text,
        "finish_reason": piece.finish_reason,
        "seed": seed,
    }
    if piece.state is not None:
        choice["state"] = piece.state
    if piece.logprobs:
        choice["logprobs"] = [_logprob(token) for token in piece.logprobs]
    if piece.gates is not None:
        choice["gates"] = gates_body(piece.gates, is_packed=is_packed)
    return choice


def _logprob(token: TokenLogprob) -> dict[str, Any]:
    return {
        "token_id": token.token_id,
        "text": token.text,
        "logprob": token.logprob,
        "special": token.is_special,
        "top": [{"text": text, "logprob": logprob} for text, logprob in token.top],
    }
