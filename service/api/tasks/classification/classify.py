"""`POST /v1/classify`: texts or numbers in, labels and probabilities out."""

import time
from typing import Any

from service.api.body import parse_json
from service.api.errors import SchemaError
from service.api.gates import gates_ask, gates_body
from service.api.limits import checked_texts
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.tasks.classification.schemas import ClassifyAsk
from service.engine.requests.classify import (
    Classification,
    ClassifyAnswer,
    ClassifyRequest,
    Explain,
)
from service.engine.requests.gates import GatesAsk

EXPLAIN: dict[bool | str, Explain | None] = {
    False: None,
    True: "trajectory",
    "trajectory": "trajectory",
    "occlusion": "occlusion",
    "gates": "gates",
}


def classify(request: Request) -> Reply:
    """Answer with the label and probabilities of each text."""
    ask = parse_json(ClassifyAsk, request)
    states = states_of(ask.state)
    gates = gates_ask(ask, is_wanted=ask.explain == "gates")
    texts, numbers = _inputs(ask.input, request, may_be_blank=bool(states))
    return answered(
        ClassifyRequest(
            texts,
            ask.model,
            EXPLAIN[ask.explain],
            request.deadline(),
            request.is_client_gone,
            numbers=numbers,
            max_text_tokens=most_tokens(ask.truncate_prompt_tokens),
            states=states,
            returns_state=ask.return_state,
            gates=gates or GatesAsk(),
        ),
        request,
    )


def answered(asked: ClassifyRequest, request: Request) -> Reply:
    """Have it classified, and write the answer."""
    answer: ClassifyAnswer = request.engine.answer(asked)
    num_tokens = note(answer, request)
    texts = [text if isinstance(text, str) else "" for text in asked.texts]
    return json_reply(
        {
            "id": f"classify-{request.request_id}",
            "object": "list",
            "created": int(time.time()),
            "model": answer.model,
            "version": answer.version,
            "data": [
                _item(index, result, texts[index] if texts else "", asked)
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


def most_tokens(truncate_prompt_tokens: int | None) -> int | None:
    """Return how many tokens of a text are read; None for as many as the model reads.

    Raises:
        SchemaError: It is 0, and nothing would be.
    """
    if truncate_prompt_tokens == 0:
        raise SchemaError(
            "`truncate_prompt_tokens` must be at least 1, or -1 for the model's limit, got 0",
            param="truncate_prompt_tokens",
        )
    return None if truncate_prompt_tokens == -1 else truncate_prompt_tokens


def states_of(sent: str | list[str | None] | None) -> tuple[str | None, ...]:
    """Return a state for each text, or none at all."""
    if sent is None:
        return ()
    return (sent,) if isinstance(sent, str) else tuple(sent)


def _inputs(
    given: str | list[str] | list[Any], request: Request, *, may_be_blank: bool
) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Return the texts, or the numbers, of a request's input."""
    if isinstance(given, list) and given and not isinstance(given[0], str):
        most = request.settings.max_texts
        if len(given) > most:
            raise SchemaError(
                f"`input` has {len(given)} arrays; send 1 to {most} in one request", param="input"
            )
        return (), tuple(given)
    return checked_texts(given, request.settings, may_be_blank=may_be_blank), ()


def note(answer: ClassifyAnswer, request: Request) -> int:
    """Note for logs and metrics who answered, and return the number of tokens read."""
    record = request.record
    record.model, record.version = answer.model, answer.version
    record.note_times(answer.timing)
    record.num_rows = len(answer.results)
    record.prompt_tokens = sum(result.num_tokens for result in answer.results)
    return record.prompt_tokens


def _item(index: int, result: Classification, text: str, asked: ClassifyRequest) -> dict[str, Any]:
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
    if result.state is not None:
        item["state"] = result.state
    if result.initial_probs is not None:
        item["initial_probs"] = result.initial_probs
    if result.gates is not None:
        item["gates"] = gates_body(result.gates, is_packed=asked.gates.is_packed)
    elif asked.explain is not None:
        item[asked.explain] = pieces_of(result, text)
    return item


def pieces_of(result: Classification, text: str) -> list[dict[str, Any]]:
    """Write what each token or word of a text did to its answer."""
    # The label's own column is the one with the label's own score, the greatest.
    column = result.probs.index(max(result.probs))
    return [
        {
            "start": piece.start,
            "end": piece.end,
            "text": text[piece.start : piece.end],
            "probs": piece.probs,
            "score": piece.probs[column],
        }
        for piece in result.explanation or ()
    ]
