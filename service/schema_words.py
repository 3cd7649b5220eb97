"""Says in words what a JSON schema lets through, for messages about what it did not.

Knows no model and no protocol: a schema goes in, words come out.
"""

import json
from typing import Any

Schema = dict[str, Any]


def describe(schema: Schema) -> str:
    """Say in words what a JSON schema lets through: "a whole number from 0 to 20"."""
    if "anyOf" in schema:
        options = [describe(option) for option in schema["anyOf"] if option.get("type") != "null"]
        return " or ".join(options)
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = schema.get("type")
    if kind == "array":
        return f"a list{_span(schema, 'minItems', 'maxItems', ' of {}')}{_plural(schema)}"
    words = {
        "string": f"a text{_span(schema, 'minLength', 'maxLength', ' of {} characters')}",
        "integer": f"a whole number{_range(schema)}",
        "number": f"a number{_range(schema)}",
        "boolean": "true or false",
        "object": "an object",
    }
    return words.get(str(kind), "a value of another kind")


def _plural(schema: Schema) -> str:
    """Say what a list holds: " texts", each with its own bounds."""
    item = schema.get("items", {})
    kinds = {"string": "texts", "integer": "whole numbers", "number": "numbers"}
    lists = [one for one in item.get("anyOf", ()) if one.get("type") == "array"]
    kind = "objects" if "$ref" in item else kinds.get(item.get("type"), "values")
    kind = "lists of numbers" if lists else kind
    start = " " if "maxItems" in schema or "minItems" in schema else " of "
    bounds = _span(item, "minLength", "maxLength", ", each of {} characters")
    return f"{start}{kind}{bounds}{_range(item)}"


def _span(schema: Schema, least: str, most: str, words: str) -> str:
    low, high = schema.get(least, 0), schema.get(most)
    if high is None:
        return words.format(f"at least {low}") if low else ""
    return words.format(f"{low} to {high}" if low else f"up to {high}")


def _range(schema: Schema) -> str:
    low, above, high = (schema.get(name) for name in ("minimum", "exclusiveMinimum", "maximum"))
    if low is None and above is None:
        return ""
    if high is None:
        return f" of at least {_number(low)}" if low is not None else f" above {_number(above)}"
    if low is not None:
        return f" from {_number(low)} to {_number(high)}"
    return f" above {_number(above)}, up to {_number(high)}"


def _number(value: Any) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"
