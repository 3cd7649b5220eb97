"""The OpenAPI 3.1 document: made of the very models that check requests, at the first request.

No library makes it: flask-openapi, APIFlask and spectree each put a decorator of their own around
every view, which checks the request there (8, 16 and 39 µs of processor time more than a bare view
that does so itself) and cannot be put around the way past Flask. pydantic writes the schemas.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from service import errors
from service.api.docs.operation import NATIVE, TAGS, Operation
from service.api.docs.operations import operations
from service.api.errors import (
    KINDS,
    BodyNotJson,
    BodyTooLarge,
    BodyTooSlow,
    BodyUnreadable,
    SchemaError,
    TextTooLong,
    UnsupportedContent,
    openai_body,
)
from service.api.handler import Route
from service.api.open_inference.response_schemas import ReadyBody
from service.settings import Settings
from service.version import VERSION

Json = dict[str, Any]
Errors = tuple[type[errors.ServiceError], ...]

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
REFERENCE = "#/components/schemas/{model}"
JSON = "application/json"

READING: Errors = (
    BodyNotJson,
    BodyUnreadable,
    BodyTooLarge,
    BodyTooSlow,
    UnsupportedContent,
    SchemaError,
)
FINDING: Errors = (errors.ModelNotFound,)
WORKING: Errors = (
    errors.InvalidInput,
    errors.WrongTask,
    errors.NotReady,
    errors.QueueFull,
    errors.DeadlineExceeded,
    errors.EngineFailure,
    TextTooLong,
)
INTRODUCTION = """
Recurrent networks that label and write texts.

Any route that takes a model takes `name`, `name:version` or `name:label`. Every answer carries
`X-Request-Id`, the caller's own if it sent one. Unknown fields are refused on the native routes;
elsewhere they are ignored, and `X-Ignored-Fields` names them. A failure after a stream has begun is
its last event. Bodies may be packed with gzip or deflate.
"""


class _Schemas(GenerateJsonSchema):
    """JSON schemas without the titles that only repeat the fields' names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def make_document(routes: Iterable[Route], settings: Settings) -> Json:
    """Make the document.

    Args:
        routes: What to describe.
        settings: Their limits are shown as they are in force.
    """
    known = operations()
    schemas, components = _components(known.values(), settings)
    paths: Json = {}
    for route in routes:
        path = PARAMETER.sub(r"{\1}", route.rule)
        operation = known.get(f"{route.method} {route.rule}", Operation(NATIVE))
        paths.setdefault(path, {})[route.method.lower()] = _operation(
            route, operation, schemas, settings
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Recurrent networks as a service",
            "version": VERSION,
            "description": INTRODUCTION.strip(),
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "./"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


Schemas = Mapping[type[BaseModel], Json]


def _components(known: Collection[Operation], settings: Settings) -> tuple[Schemas, Json]:
    """Make the schema of every model, once; return where each is, and all of them."""
    asks = {one.ask for one in known if one.ask is not None}
    given = {one.answer for one in known if one.answer is not None}
    given |= {one.error for one in known} | {one.events for one in known if one.events}
    by_name = sorted(asks | given, key=lambda model: model.__name__)
    references, definitions = models_json_schema(
        [(model, "validation") for model in by_name],
        ref_template=REFERENCE,
        schema_generator=_Schemas,
    )
    found = {model: references[model, "validation"] for model in by_name}
    return found, _in_force(definitions["$defs"], settings)


def _in_force(schema: Any, settings: Settings) -> Any:
    """Put the keywords of `documented` in place, with the settings' values."""
    if isinstance(schema, list):
        return [_in_force(item, settings) for item in schema]
    if not isinstance(schema, dict):
        return schema
    own = {key: _in_force(value, settings) for key, value in schema.items() if key != "documented"}
    keywords = schema.get("documented", {})
    limits = {key: getattr(settings, name) for key, name in keywords.get("limits", {}).items()}
    return own | {key: value for key, value in keywords.items() if key != "limits"} | limits


def _operation(route: Route, operation: Operation, schemas: Schemas, settings: Settings) -> Json:
    described: Json = {
        "tags": [operation.tag],
        "summary": route.summary,
        "operationId": _identifier(route),
        "responses": _responses(route, operation, schemas),
    }
    names = PARAMETER.findall(route.rule)
    parameters = [_parameter(name, operation, settings) for name in names]
    parameters += [_query(name, text) for name, text in operation.query.items()]
    if parameters:
        described["parameters"] = parameters
    if operation.ask is not None or operation.is_body_optional:
        described["requestBody"] = _request_body(operation, schemas)
    if not route.is_open:
        described["security"] = [{}, {"key": []}]
    return described


def _identifier(route: Route) -> str:
    words = re.findall(r"[a-z0-9]+", f"{route.method} {route.rule}".lower())
    return "_".join(words)


def _parameter(name: str, operation: Operation, settings: Settings) -> Json:
    """Describe a variable part of the path, with an example that works."""
    model = settings.default_models.get(operation.verb, operation.verb)
    texts = {
        "model": ("Name of a model, or `name:version` or `name:label`.", model),
        "picture": ("One of the `pictures` of the card.", "curves.png"),
        "version": ("Number of a version, or a label such as `stable`.", "1"),
    }
    description, example = texts[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "minLength": 1},
        "example": example,
    }


def _query(name: str, description: str) -> Json:
    """Describe a parameter of the address's query."""
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _request_body(operation: Operation, schemas: Schemas) -> Json:
    schema = {"type": "object"} if operation.ask is None else schemas[operation.ask]
    media: Json = {"schema": schema}
    if operation.examples:
        media["examples"] = {
            re.sub(r"\W+", "-", name.lower()): {"summary": name, "value": value}
            for name, value in operation.examples.items()
        }
    return {"required": not operation.is_body_optional, "content": {JSON: media}}


def _responses(route: Route, operation: Operation, schemas: Schemas) -> Json:
    responses = {} if operation.never else {"200": _success(route, operation, schemas)}
    by_status: dict[int, list[str]] = {}
    for cls in _errors(route, operation):
        kind = KINDS[cls]
        status = route.error_statuses.get(kind.code, kind.status)
        says = (cls.__doc__ or "").partition("\n")[0]
        by_status.setdefault(status, []).append(f"`{kind.code}`: {says}")
    error = {"application/json": {"schema": schemas[operation.error]}}
    for status, lines in sorted(by_status.items()):
        responses[str(status)] = {
            "description": f"{_phrase(status)}\n\n" + "\n".join(f"- {line}" for line in lines),
            "content": error,
        }
        if status in (429, 503):
            responses[str(status)]["headers"] = {"Retry-After": _header("integer", "Seconds.")}
    if operation.answer is ReadyBody:
        responses["503"]["content"] = {JSON: {"schema": schemas[ReadyBody]}}
    return responses


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase


def _success(route: Route, operation: Operation, schemas: Schemas) -> Json:
    content: Json = {}
    if operation.answer is not None:
        schema = schemas[operation.answer]
        content[JSON] = {
            "schema": {"type": "array", "items": schema} if operation.is_list else schema
        }
    for media_type in operation.other_types:
        content[media_type] = {}
    if operation.events is not None:
        content["text/event-stream"] = {"schema": _event(route, operation, schemas)}
    described: Json = {
        "description": "The answer.",
        "headers": {"X-Request-Id": _header("string", "Names this request in the log.")},
    }
    return described | ({"content": content} if content else {})


def _event(route: Route, operation: Operation, schemas: Schemas) -> Json:
    """Describe one event of a stream."""
    assert operation.events is not None
    piece = {
        "type": "string",
        "description": "The next piece in JSON; a failure after the first one is the last event.",
        "contentMediaType": JSON,
        "contentSchema": {"anyOf": [schemas[operation.events], schemas[operation.error]]},
    }
    end = {"const": "[DONE]", "description": "Follows the last piece."}
    has_end = route.error_body is openai_body
    data = {"anyOf": [piece, end]} if has_end else piece
    return {"type": "object", "properties": {"data": data}, "required": ["data"]}


def _header(kind: str, description: str) -> Json:
    return {"description": description, "schema": {"type": kind}}


def _errors(route: Route, operation: Operation) -> Errors:
    """List what can go wrong on a route."""
    general: list[type[errors.ServiceError]] = [errors.ServiceError]
    if not route.is_open:  # guards: keys and rates
        refusals = (401, 429) if route.is_limited else (401,)
        general += [cls for cls, kind in KINDS.items() if kind.status in refusals]
    if route.method == "POST":
        general += READING
    if operation.never is not None:
        return (*general, *(cls for cls, kind in KINDS.items() if kind.code == operation.never))
    if operation.reach != "none":
        general += FINDING
    if operation.reach == "work":
        general += WORKING
    general += operation.more_errors
    if operation.reach == "find" or "ready" in route.rule:
        general.append(errors.NotReady)
    return tuple(dict.fromkeys(general))
