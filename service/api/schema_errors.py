"""What is wrong with a body, in words that its sender can act on.

Pydantic finds the faults; here each becomes the path of the field, what it may be (read off the
model's own JSON schema, so that it cannot differ from what is checked) and what was sent.
"""

import codecs
import difflib
import json
import re
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from service.api.errors import BodyNotJson, RequestError, SchemaError
from service.schema_words import Schema, describe

MAX_PROBLEMS = 3  # named in one message
MAX_FAULTS = 100  # looked at one by one; a body with more is nonsense, and slow to tell apart
Path = tuple[str | int, ...]
MISSING = object()
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"{\0", b"\0{")  # how such JSON begins


def schema_error(exc: ValidationError, model: type[BaseModel], body: bytes) -> RequestError:
    """Turn what pydantic found into the error to raise.

    Args:
        exc: Its findings.
        model: The model that `body` was checked against.
        body: The body as it was sent.

    Returns:
        `BodyNotJson`, or a `SchemaError` about the first few fields at fault.
    """
    if exc.error_count() > MAX_FAULTS:
        return SchemaError(
            f"{exc.error_count()} fields or values are wrong; the fields are {_fields(model)}",
            param=None,
        )
    faults = exc.errors(include_url=False)
    if faults[0]["type"] == "json_invalid":
        return BodyNotJson(_not_json(body, faults[0]["ctx"]["error"]))
    if not faults[0]["loc"]:
        return SchemaError(
            f"the body must be a JSON object with the fields {_fields(model)}; "
            f"got {show(faults[0]['input'])}",
            param=None,
        )
    value = json.loads(body)
    problems: dict[str, tuple[str, str]] = {}
    for fault in _deepest(faults, value):
        path, kind, got = fault
        problems.setdefault(path_text(path), _problem(model, path, kind, got))
    message = "; ".join(message for message, _ in list(problems.values())[:MAX_PROBLEMS])
    param, (_, code) = next(iter(problems.items()))
    return SchemaError(message, param=param, code=code)


def path_text(path: Path) -> str:
    """Write a path as `inputs[0].data`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part[:64]}" if text else part[:64]
    return text


def show(value: object) -> str:
    """Write a value briefly, as JSON where it is short and by its kind where it is not."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False)
    length = len(value) if isinstance(value, str) else len(text)
    return text if len(text) <= 50 else f"{text[:40]}… ({length} characters)"


def _deepest(faults: list[Any], value: object) -> list[tuple[Path, str, object]]:
    """Reduce the findings to one a field: of a union's, the one that got furthest.

    Paths from pydantic also name the members of unions ("input", "list[str]", 1); what does not
    lead into `value` is dropped.
    """
    found: dict[str | int, tuple[Path, str, object]] = {}
    for fault in faults:
        path = _path_in(value, fault["loc"], is_absent=fault["type"] == "missing")
        known = found.get(path[0]) if path else None
        if path and (known is None or len(path) > len(known[0])):
            found[path[0]] = (path, fault["type"], fault["input"])
    return list(found.values())


def _path_in(value: object, location: Path, *, is_absent: bool) -> Path:
    path: list[str | int] = []
    for number, part in enumerate(location):
        inner = _member(value, part)
        if inner is not MISSING:
            value = inner
        elif not (is_absent and number == len(location) - 1):
            continue
        path.append(part)
    return tuple(path)


def _member(value: object, part: str | int) -> object:
    """Return what is at `part` of a list or dict, MISSING if nothing is."""
    if isinstance(value, dict):
        return value.get(part, MISSING)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return MISSING


def _problem(model: type[BaseModel], path: Path, kind: str, got: object) -> tuple[str, str]:
    """Word one fault, and give its code."""
    name = path_text(path)
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), model.model_fields, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"the fields are {_fields(model)}"
        return f"`{name}` is not a field here; {hint}", "unknown_field"
    allowed = describe(_schema_at(_json_schema(model), path))
    if kind == "missing":
        return f"`{name}` is missing; it must be {allowed}", "missing_field"
    return f"`{name}` must be {allowed}, got {show(got)}", "invalid_value"


def _fields(model: type[BaseModel]) -> str:
    return ", ".join(f"`{name}`" for name in model.model_fields)


@cache
def _json_schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _schema_at(root: Schema, path: Path) -> Schema:
    """Follow `path` into a JSON schema; {} where it says nothing."""
    schema = root
    for part in path:
        nested = "items" if isinstance(part, int) else "properties"
        options = [_resolve(root, option) for option in (schema, *schema.get("anyOf", ()))]
        inner: Schema = next((option[nested] for option in options if nested in option), {})
        schema = _resolve(root, inner if isinstance(part, int) else inner.get(part, {}))
    return schema


def _resolve(root: Schema, schema: Schema) -> Schema:
    reference = schema.get("$ref", "")
    return root["$defs"][reference.rpartition("/")[2]] if reference else schema


def _not_json(body: bytes, reason: str) -> str:
    """Say why a body is not JSON, and what to do in the usual cases."""
    if not body.strip():
        return "the body is empty; send a JSON object"
    if re.search(rb"\\u[dD][89a-fA-F]", body) and ("escape" in reason or "surrogate" in reason):
        reason += "; half of a surrogate pair such as \\ud800 is no character, send whole ones"
    elif "unicode" in reason or body.startswith(UTF_16):
        reason += "; send the text in UTF-8"
    return f"the body is not JSON: {reason}"
