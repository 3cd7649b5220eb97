"""Clients in R, Lua, Julia and PHP write 3 as 3.0, which is an integer by JSON Schema."""

import typing
from typing import Annotated

import pytest
from pydantic import BaseModel

from service.api.docs.operations import operations
from service.api.whole_numbers import Whole, whole

GENERATE, COMPLETE = {"prompt": "hello", "seed": 5}, {"prompt": "hello", "seed": 5, "max_tokens": 4}
TEXT = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]}
PROMPT = {"name": "text_input", "shape": [1], "datatype": "BYTES", "data": ["hello"]}
WISH = {"name": "probabilities", "parameters": {"classification": 2}}
INFER_CLASSES, INFER_TEXT = "/v2/models/sentiment/infer", "/v2/models/shakespeare/infer"
EXTENSION = "/v2/models/shakespeare/generate"
SETTING = {"name": "max_tokens", "shape": [1], "datatype": "INT32", "data": [3]}
SEEDED = {"seed": 5}
TGI = {"inputs": "hello", "parameters": SEEDED}
PREDICT = "/v1/models/shakespeare:predict"
ROW = {"text_input": "hello", **SEEDED}

FIELDS = [  # path, body, where the number is; 3 is allowed in each place, but for microseconds
    *[("/v1/generate", GENERATE, (name,)) for name in ("max_tokens", "top_k", "seed", "n")],
    ("/v1/generate", GENERATE, ("logprobs",)),
    *[("/v1/completions", COMPLETE, (name,)) for name in ("max_tokens", "top_k", "seed", "n")],
    *[("/v1/completions", COMPLETE, (name,)) for name in ("logprobs", "best_of")],
    ("/v1/completions", COMPLETE | {"prompt": [104, 105]}, ("prompt", 1)),
    ("/v1/completions", COMPLETE | {"prompt": [[104], [105]]}, ("prompt", 0, 0)),
    ("/predict", {"inputs": "good"}, ("parameters", "top_k")),
    ("/models/sentiment", {"inputs": "good"}, ("parameters", "top_k")),
    *[(EXTENSION, {"text_input": "hello", **SEEDED}, (name,)) for name in ("max_tokens", "top_k")],
    (EXTENSION, {"text_input": "hello"}, ("parameters", "seed")),
    (INFER_CLASSES, {"inputs": [TEXT | {"data": ["good"] * 3}]}, ("inputs", 0, "shape", 0)),
    (INFER_CLASSES, {"inputs": [TEXT], "outputs": [WISH]},
     ("outputs", 0, "parameters", "classification")),
    (INFER_CLASSES, {"inputs": [TEXT], "parameters": {}}, ("parameters", "timeout")),
    (INFER_TEXT, {"inputs": [PROMPT], "parameters": SEEDED}, ("parameters", "max_tokens")),
    (INFER_TEXT, {"inputs": [PROMPT], "parameters": {"max_tokens": 2}}, ("parameters", "seed")),
    (INFER_TEXT, {"inputs": [PROMPT, SETTING], "parameters": SEEDED}, ("inputs", 1, "data", 0)),
    *[("/generate", TGI, ("parameters", name)) for name in ("max_new_tokens", "seed", "best_of")],
    ("/generate", TGI, ("parameters", "top_k")),
    ("/detokenize", {"tokens": [104, 105]}, ("tokens", 1)),
    (PREDICT, {"instances": [ROW]}, ("instances", 0, "max_tokens")),
    (PREDICT, {"instances": [ROW], "parameters": {}}, ("parameters", "max_tokens")),
]  # fmt: skip


def with_value(body, place, value):
    """Return a copy of a body that has `value` at a place."""
    first, *rest = place
    if isinstance(body, list):
        items = list(body)
        items[first] = with_value(items[first], rest, value) if rest else value
        return items
    return body | {first: with_value(body.get(first, {}), rest, value) if rest else value}


def told(client, path, body):
    answer = client.post(path, json=body)
    fleeting = ("id", "created")
    value = answer.get_json()
    if isinstance(value, dict):
        value = {key: one for key, one in value.items() if key not in fleeting}
    return answer.status_code, value


IDS = [f"{path} {'.'.join(map(str, place))}" for path, _, place in FIELDS]


@pytest.mark.parametrize(("path", "body", "place"), FIELDS, ids=IDS)
def test_an_integral_number_is_an_integer(client, engine, path, body, place):
    number = 3_000_000 if "timeout" in place else 3
    status, expected = told(client, path, with_value(body, place, number))
    assert status == 200, expected
    assert told(client, path, with_value(body, place, float(number))) == (200, expected)
    drawn = [getattr(request, "sampling", None) for request in engine.requests[-2:]]
    assert drawn[:1] == drawn[1:]


@pytest.mark.parametrize("value", [3.5, "3", True], ids=repr)
@pytest.mark.parametrize(("path", "body", "place"), FIELDS, ids=IDS)
def test_what_is_no_integer_is_refused_by_name(client, path, body, place, value):
    status, answer = told(client, path, with_value(body, place, value))
    name = next(part for part in reversed(place) if isinstance(part, str))
    assert status in (400, 422)
    error = answer["error"]
    assert name in (error if isinstance(error, str) else error["message"])


def bare_integers(annotation, where):
    """Yield where in a type an int is that `Whole` does not read."""
    if annotation is int:
        yield where
    elif typing.get_origin(annotation) is Annotated:
        inner, *marks = typing.get_args(annotation)
        if not (inner is int and any(isinstance(mark, Whole) for mark in marks)):
            yield from bare_integers(inner, where)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from bare_integers_of(annotation)
    elif typing.get_origin(annotation) is not typing.Literal:
        for inner in typing.get_args(annotation):
            yield from bare_integers(inner, where)


def bare_integers_of(model):
    for name, hint in typing.get_type_hints(model, include_extras=True).items():
        yield from bare_integers(hint, f"{model.__name__}.{name}")


def test_every_integer_of_every_request_is_read_so():
    asks = {operation.ask for operation in operations().values() if operation.ask is not None}
    found = {where for ask in asks for where in bare_integers_of(ask)}
    # Anything goes as a parameter's value; who reads a number of it calls `whole`.
    assert {where for where in found if not where.endswith(".parameters")} == set()


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3), (-3.0, -3), (1e3, 1000), (3.5, None), (True, None), ("3", None), (None, None)],
)
def test_a_value_by_hand_is_read_alike(value, expected):
    assert whole(value) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_whole(value):
    assert whole(value) is None
