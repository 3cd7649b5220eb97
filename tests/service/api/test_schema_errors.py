from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.api.errors import SchemaError
from service.api.schema_errors import path_text, schema_error, show
from service.schema_words import describe


class Inner(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    size: Annotated[int, Field(ge=1, le=9)]
    kind: Literal["a", "b"] = "a"


class Outer(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    items: list[Inner]
    rates: dict[str, float] = {}


def fault(body):
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate_json(body)
    return schema_error(caught.value, Outer, body)


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        (
            b'{"items": [{"size": 1}, {"size": 10}]}',
            "items[1].size",
            "`items[1].size` must be a whole number from 1 to 9, got 10",
        ),
        (
            b'{"items": [{}]}',
            "items[0].size",
            "`items[0].size` is missing; it must be a whole number from 1 to 9",
        ),
        (
            b'{"items": [{"size": 1, "kind": "c"}]}',
            "items[0].kind",
            '`items[0].kind` must be "a" or "b", got "c"',
        ),
        (
            b'{"items": {}}',
            "items",
            "`items` must be a list of objects, got an object",
        ),
    ],
)
def test_a_fault_is_named_by_path_bounds_and_value(body, param, message):
    error = fault(body)
    assert isinstance(error, SchemaError)
    assert (error.param, error.message) == (param, message)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("short", '"short"'),
        ("é", '"é"'),
        ("x" * 100, '"' + "x" * 39 + "… (100 characters)"),
        ([1, 2], "a list of 2"),
        ({"a": 1}, "an object"),
        (None, "null"),
        (True, "true"),
        (float("nan"), "NaN"),
    ],
)
def test_values_are_shown_briefly(value, shown):
    assert show(value) == shown


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "number", "minimum": 0, "maximum": 2}, "a number from 0 to 2"),
        ({"type": "number", "exclusiveMinimum": 0}, "a number above 0"),
        ({"type": "integer", "minimum": 0, "maximum": 2**62}, f"a whole number from 0 to {2**62}"),
        ({"type": "integer", "minimum": 1}, "a whole number of at least 1"),
        ({"type": "string", "minLength": 2}, "a text of at least 2 characters"),
        ({"type": "array", "items": {"type": "integer"}}, "a list of whole numbers"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "true or false"),
        ({}, "a value of another kind"),
    ],
)
def test_a_schema_is_said_in_words(schema, words):
    assert describe(schema) == words


def test_paths_are_written_as_in_code():
    assert path_text(("inputs", 0, "data", 2)) == "inputs[0].data[2]"
