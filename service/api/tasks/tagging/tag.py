"""`POST /v1/tag`: texts in, their words with labels and offsets out."""

import time
from collections.abc import Sequence
from typing import Any

from service.api.body import parse_json
from service.api.generation_calls import usage
from service.api.limits import checked_texts
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.tasks.tagging.schemas import TagAsk
from service.engine.requests.tag import Tag, TagAnswer, TagRequest


def tag(request: Request) -> Reply:
    """Answer with the words of each text and their labels."""
    ask = parse_json(TagAsk, request)
    texts = checked_texts(ask.input, request.settings)
    answer = ask_tags(texts, ask.model, request)
    return json_reply(
        {
            "id": f"tag-{request.request_id}",
            "object": "list",
            "created": int(time.time()),
            "model": answer.model,
            "version": answer.version,
            "data": [
                {"index": index, "tokens": tokens_of(tags, texts[index])}
                for index, tags in enumerate(answer.results)
            ],
            "usage": usage(request),
        }
    )


def ask_tags(
    texts: tuple[str, ...],
    model: str | None,
    request: Request,
    *,
    version: int | None = None,
    deadline: float | None = None,
) -> TagAnswer:
    """Have texts tagged, and note for logs and metrics who did it."""
    until = request.deadline() if deadline is None else deadline
    answer: TagAnswer = request.engine.answer(
        TagRequest(texts, model, until, request.is_client_gone, version)
    )
    record = request.record
    record.model, record.version = answer.model, answer.version
    record.note_times(answer.timing)
    record.num_rows = len(answer.results)
    record.prompt_tokens = sum(map(len, answer.results))
    return answer


def tokens_of(tags: Sequence[Tag], text: str) -> list[dict[str, Any]]:
    """Write the words of one text."""
    return [
        {
            "text": text[tag.start : tag.end],
            "start": tag.start,
            "end": tag.end,
            "label": tag.label,
            "score": tag.score,
        }
        for tag in tags
    ]
