"""`POST /v1/translate`: texts in, their translations out, whole or as server-sent events."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from service.api import sse
from service.api.body import parse_json
from service.api.engine_protocol import GenerationProtocol
from service.api.generation_calls import Piece, start_all, stream_all, usage, wait_all
from service.api.limits import check_at_most, checked_texts
from service.api.reply import Reply, Stream, json_reply
from service.api.request import Request
from service.api.tasks.translation.schemas import TranslateAsk
from service.engine.requests.generate import Sampling
from service.engine.requests.translate import (
    Attention,
    SearchAnswer,
    SearchRequest,
    Span,
    TranslateRequest,
    Translation,
)


def translate(request: Request) -> Reply:
    """Answer with the translations, or with a stream of their pieces."""
    ask = parse_json(TranslateAsk, request)
    texts = checked_texts(ask.input, request.settings)
    check_at_most(ask.max_tokens, request.settings.max_tokens, "max_tokens")
    if ask.num_beams > 1 or ask.attention:
        return _searched(ask, texts, request)
    generations = start_texts(texts, ask.model, ask.max_tokens, request)
    head = _head(generations[0].model, generations[0].version, request)
    if ask.stream:
        return stream_all(generations, request, lambda pieces: _events(pieces, head, request))
    answers = [one for [one] in wait_all(generations, request)]
    data = [
        {"index": index, "text": one.text, "finish_reason": one.finish_reason}
        for index, one in enumerate(answers)
    ]
    return json_reply(head | {"data": data, "usage": usage(request)})


def start_texts(
    texts: Sequence[str],
    model: str | None,
    max_tokens: int | None,
    request: Request,
    *,
    version: int | None = None,
    deadline: float | None = None,
) -> list[GenerationProtocol]:
    """Start to translate each text, token by token."""
    sampling = Sampling(max_tokens=max_tokens, temperature=0.0, seed=0)
    until = request.deadline() if deadline is None else deadline
    asks = [TranslateRequest(text, sampling, model, until, version) for text in texts]
    return start_all(asks, request)


def _searched(ask: TranslateAsk, texts: tuple[str, ...], request: Request) -> Reply:
    """Answer a request that beams or attention make one of whole texts."""
    answer: SearchAnswer = request.engine.answer(
        SearchRequest(
            texts,
            ask.num_beams,
            ask.max_tokens,
            ask.attention,
            ask.model,
            request.deadline(),
            request.is_client_gone,
        )
    )
    _note(answer, request)
    head = _head(answer.model, answer.version, request)
    data = [_item(index, one, texts[index]) for index, one in enumerate(answer.results)]
    if not ask.stream:
        return json_reply(head | {"data": data, "usage": usage(request)})
    events = _whole_events(head | {"object": "translation.chunk"}, data, usage(request))
    return Reply(
        Stream(events, lambda: None),
        content_type=sse.EVENT_STREAM,
        headers=sse.STREAM_HEADERS,
    )


def _whole_events(
    head: dict[str, Any], data: Sequence[dict[str, Any]], counted: dict[str, Any]
) -> Iterator[bytes]:
    for place, item in enumerate(data, 1):
        last = {"usage": counted} if place == len(data) else {}
        yield sse.event(head | {"data": [item]} | last)
    yield sse.DONE


def _events(pieces: Iterator[Piece], head: dict[str, Any], request: Request) -> Iterator[bytes]:
    """Write each piece as an event; the last one carries the usage."""
    unfinished = request.record.num_rows
    for number, delta in pieces:
        if delta is None:
            yield sse.HEARTBEAT
            continue
        unfinished -= delta.finish_reason is not None
        item = {"index": number, "text": delta.text, "finish_reason": delta.finish_reason}
        chunk = head | {"object": "translation.chunk", "data": [item]}
        if unfinished == 0:
            chunk["usage"] = usage(request)
        yield sse.event(chunk)
    yield sse.DONE


def _head(model: str, version: int, request: Request) -> dict[str, Any]:
    return {
        "id": f"translate-{request.request_id}",
        "object": "list",
        "created": int(time.time()),
        "model": model,
        "version": version,
    }


def _note(answer: SearchAnswer, request: Request) -> None:
    """Note for logs and metrics who answered."""
    record = request.record
    record.model, record.version = answer.model, answer.version
    record.note_times(answer.timing)
    record.num_rows = len(answer.results)
    record.prompt_tokens = sum(one.num_source_tokens for one in answer.results)
    record.completion_tokens = sum(one.num_tokens for one in answer.results)


def _item(index: int, one: Translation, text: str) -> dict[str, Any]:
    item: dict[str, Any] = {
        "index": index,
        "text": one.text,
        "finish_reason": one.finish_reason,
        "score": one.score,
    }
    if one.attention is not None:
        item["attention"] = _attention(one.attention, text, one.text)
    return item


def _attention(attention: Attention, text: str, translated: str) -> dict[str, Any]:
    return {
        "source": _spans(attention.source, text),
        "target": _spans(attention.target, translated),
        "weights": attention.weights,
    }


def _spans(spans: Sequence[Span], text: str) -> list[dict[str, Any]]:
    return [
        {"start": span.start, "end": span.end, "text": text[span.start : span.end]}
        for span in spans
    ]
