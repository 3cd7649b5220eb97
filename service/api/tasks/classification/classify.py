"""`POST /v1/classify`: texts in, labels and probabilities out."""

import time
from typing import Any

from service.api.body import parse_json
from service.api.errors import SchemaError
from service.api.limits import check_text
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.tasks.classification.schemas import ClassifyAsk
from service.engine.requests.classify import (
    Classification,
    ClassifyAnswer,
    ClassifyRequest,
    Explain,
)
from service.settings import Settings

EXPLAIN: dict[bool | str, Explain | None] = {
    False: None,
    True: "trajectory",
    "trajectory": "trajectory",
    "occlusion": "occlusion",
}


def classify(request: Request) -> Reply:
    """Answer with the label and probabilities of each text."""
    ask = parse_json(ClassifyAsk, request)
    texts = checked_texts(ask.input, request.settings)
    explain = EXPLAIN[ask.explain]
    answer: ClassifyAnswer = request.engine.answer(
        ClassifyRequest(texts, ask.model, explain, request.deadline(), request.is_client_gone)
    )
    num_tokens = note(answer, request)
    return json_reply(
        {
            "id": f"classify-{request.request_id}",
            "object": "list",
            "created": int(time.time()),
            "model": answer.model,
            "version": answer.version,
            "data": [
                _item(index, result, texts[index], explain)
                for index, result in enumerate(answer.results)
            ],
            "usage": {
                "prompt_tokens": num_tokens,
                "total_tokens": num_tokens,
                "completion_tokens": 0,
                "prompt_tokens_details": None,
            },
        }
    )


def checked_texts(
    given: str | list[str], settings: Settings, name: str = "input"
) -> tuple[str, ...]:
    """Return the texts to classify.

    Args:
        given: A text or several.
        settings: For their number and length.
        name: The field that they were sent in.

    Raises:
        SchemaError: There are none or too many, or one is empty or holds a NUL.
        TextTooLong: One is too long.
    """
    if isinstance(given, str):
        check_text(given, settings, name)
        _check_not_blank(given, name)
        return (given,)
    if not 1 <= len(given) <= settings.max_texts:
        raise SchemaError(
            f"`{name}` has {len(given)} texts; send 1 to {settings.max_texts} in one request",
            param=name,
        )
    for index, text in enumerate(given):
        check_text(text, settings, name, index)
        _check_not_blank(text, name, index)
    return tuple(given)


def note(answer: ClassifyAnswer, request: Request) -> int:
    """Note for logs and metrics who answered, and return the number of tokens read."""
    record = request.record
    record.model, record.version = answer.model, answer.version
    timing = answer.timing
    record.queue_s, record.compute_s = timing.queue_s, timing.compute_s
    record.batch_size, record.num_rows = timing.batch_size, len(answer.results)
    record.prompt_tokens = sum(result.num_tokens for result in answer.results)
    return record.prompt_tokens


def _check_not_blank(text: str, name: str, index: int | None = None) -> None:
    if not text or text.isspace():
        param = name if index is None else f"{name}[{index}]"
        what = "has only spaces" if text else "is empty"
        raise SchemaError(f"`{param}` {what}; send a text to classify", param=param)


def _item(index: int, result: Classification, text: str, explain: Explain | None) -> dict[str, Any]:
    """Write the answer for one text."""
    item = {
        "index": index,
        "label": result.label,
        "score": result.score,
        "probs": result.probs,
        "num_classes": len(result.probs),
        "num_tokens": result.num_tokens,
        "truncated": result.truncated,
    }
    if explain is not None:
        # The label's own column is the one with the label's own score, the greatest.
        column = result.probs.index(max(result.probs))
        item[explain] = [
            {
                "start": piece.start,
                "end": piece.end,
                "text": text[piece.start : piece.end],
                "probs": piece.probs,
                "score": piece.probs[column],
            }
            for piece in result.explanation or ()
        ]
    return item
