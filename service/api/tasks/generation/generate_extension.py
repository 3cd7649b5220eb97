"""`POST /v2/models/<model>/generate` and `generate_stream`: one text in, one text out."""

import codecs
import math
from collections.abc import Iterator, Mapping
from typing import Any

from service.api import sse
from service.api.body import parse_json
from service.api.engine_protocol import GenerationProtocol
from service.api.generation_calls import start, stop_texts, stream, wait
from service.api.limits import check_at_most, check_text
from service.api.open_inference import models
from service.api.protocol_requests import check_supported, ignored_fields
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.tasks.generation.extension_schemas import GenerateParameters, StreamAsk, TextAsk
from service.engine.requests.generate import (
    Delta,
    FinishReason,
    GenerateRequest,
    Sampling,
    TokenLogprob,
)
from service.settings import Settings

DEFAULT_MAX_TOKENS = 20

FINISH_REASONS: Mapping[tuple[FinishReason | None, bool], str | None] = {
    (None, False): None,
    ("length", False): "length",
    ("stop", True): "eos_token",
    ("stop", False): "stop_sequence",
}
"""By the engine's reason, and whether the model itself ended the text."""


def generate(request: Request) -> Reply:
    """Answer with a text's continuation."""
    ask = parse_json(TextAsk, request)
    check_supported(ask)
    options = merged(ask)
    generation = _start(ask, options, request)
    [answer] = wait(generation, request)
    body = _head(ask, generation) | {"text_output": answer.text}
    if options.details:
        body["details"] = {
            "finish_reason": FINISH_REASONS[answer.finish_reason, answer.has_eos],
            "logprobs": [_token(token) for token in answer.logprobs],
        }
    reply = json_reply(body)
    reply.headers += ignored_fields(ask)
    return reply


def generate_stream(request: Request) -> Reply:
    """Answer with a text's continuation as events; with details, one event a token."""
    ask = parse_json(StreamAsk, request)
    check_supported(ask)
    options = merged(ask)

    def write(
        deltas: Iterator[Delta | None], generation: GenerationProtocol, _: Request
    ) -> Iterator[bytes]:
        head = _head(ask, generation)
        characters = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for delta in deltas:
            if delta is None:
                yield sse.HEARTBEAT
            elif options.details:
                yield from (sse.event(head | body) for body in _token_bodies(delta, characters))
            else:
                yield sse.event(head | {"text_output": delta.text})

    reply = stream(_start(ask, options, request), request, write)
    reply.headers += ignored_fields(ask)
    return reply


def merged(ask: TextAsk) -> GenerateParameters:
    """Put together the parameters of both places; those in `parameters` count more."""
    names = set(GenerateParameters.model_fields)
    values = {name: getattr(ask, name) for name in names & ask.model_fields_set}
    if ask.parameters is not None:
        own = ask.parameters
        values |= {name: getattr(own, name) for name in names & own.model_fields_set}
    return GenerateParameters(**values)


def sampling_of(options: GenerateParameters, settings: Settings) -> Sampling:
    """Translate the parameters to the engine's.

    Raises:
        SchemaError: `max_tokens` or `min_tokens` is over the operator's bound.
    """
    check_at_most(options.max_tokens, settings.max_tokens, "max_tokens")
    check_at_most(options.min_tokens, settings.max_tokens, "min_tokens")
    return Sampling(
        max_tokens=options.max_tokens,
        min_tokens=options.min_tokens or 0,
        ignore_eos=bool(options.ignore_eos),
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=None if options.top_p is None else max(options.top_p, math.ulp(0)),
        min_p=options.min_p,
        repetition_penalty=options.repetition_penalty,
        presence_penalty=options.presence_penalty or 0,
        frequency_penalty=options.frequency_penalty or 0,
        stop=stop_texts(options.stop),
        seed=options.seed,
        logprobs=0 if options.details else None,
    )


def _start(ask: TextAsk, options: GenerateParameters, request: Request) -> GenerationProtocol:
    check_text(ask.text_input, request.settings, "text_input")
    if options.max_tokens is None:
        options = options.model_copy(update={"max_tokens": DEFAULT_MAX_TOKENS})
    return start(
        GenerateRequest(
            ask.text_input,
            sampling_of(options, request.settings),
            models.address(request),
            deadline=request.deadline(),
        ),
        request,
    )


def _head(ask: TextAsk, generation: GenerationProtocol) -> dict[str, Any]:
    head = {"model_name": generation.model, "model_version": str(generation.version)}
    return head if ask.id is None else {"id": ask.id} | head


def _token_bodies(delta: Delta, characters: codecs.IncrementalDecoder) -> Iterator[dict[str, Any]]:
    """Write each token of a piece; their texts join to the piece's, characters staying whole."""
    last = len(delta.logprobs) - 1
    reason = FINISH_REASONS[delta.finish_reason, delta.has_eos]
    for place, token in enumerate(delta.logprobs):
        text = characters.decode(token.data, place == last and reason is not None)
        details = {"finish_reason": reason if place == last else None, "token": _token(token)}
        yield {"text_output": text, "details": details}
    if not delta.logprobs:
        text = characters.decode(b"", final=True)
        yield {"text_output": text, "details": {"finish_reason": reason, "token": None}}


def _token(token: TokenLogprob) -> dict[str, Any]:
    return {
        "id": token.token_id,
        "text": token.text,
        "logprob": None if token.logprob is None else max(token.logprob, -9999.0),
        "special": token.is_special,
    }
