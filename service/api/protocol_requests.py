"""Requests in the shape of other protocols.

What is unknown in them is let through, what is known and cannot be honoured is refused by name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn, get_args

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from service.api.errors import SchemaError
from service.api.reply import Headers

SHOWABLE = re.compile(r"[A-Za-z0-9_.\[\]-]{1,60}")
MAX_SHOWN = 8  # ignored fields named in the header


class ProtocolRequest(BaseModel):
    """Base of these requests."""

    model_config = ConfigDict(
        strict=True,
        extra="allow",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )


@dataclass(frozen=True, eq=False)  # 0 and False are not the same here
class Only:
    """Marks a field of type `Any` that may be sent, but only null or with these values.

    They are those that change nothing; `check_supported` refuses others with the field's own
    description, which says why.
    """

    values: tuple[Any, ...] = ()

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Show the values that are let through."""
        return {"enum": [None, *self.values]}


def check_supported(ask: ProtocolRequest) -> None:
    """Refuse what cannot be honoured, at any depth.

    Raises:
        SchemaError: A field marked with `Only` has another value.
    """
    for path, inner in _walk(ask, ""):
        limited = _limited(type(inner))
        for name in sorted(inner.model_fields_set & limited.keys()):
            if not any(_is_same(getattr(inner, name), one) for one in limited[name]):
                refuse(f"{path}{name}", str(type(inner).model_fields[name].description))


def refuse(path: str, reason: str) -> NoReturn:
    """Refuse a field that is known and cannot be honoured.

    Raises:
        SchemaError: Always, with the reason, which names the remedy.
    """
    words = " ".join(reason.split())
    raise SchemaError(f"`{path}`: {words}", param=path, code="unsupported_field")


def ignored_fields(ask: ProtocolRequest, others: Iterable[str] = ()) -> Headers:
    """Name the fields that nobody here knows, for a header of the answer.

    Args:
        ask: The request, whose parts are looked at too.
        others: Paths of more such fields.
    """
    parts = _walk(ask, "")
    names = [f"{path}{name}" for path, inner in parts for name in inner.model_extra or ()]
    names += others
    if not names:
        return ()
    shown = [name for name in names if SHOWABLE.fullmatch(name)][:MAX_SHOWN]
    rest = [f"{len(names) - len(shown)} more"] if len(names) > len(shown) else []
    return (("X-Ignored-Fields", ", ".join(shown + rest)),)


def _walk(ask: ProtocolRequest, path: str) -> Iterator[tuple[str, ProtocolRequest]]:
    """Yield a request and every request within it, each with the path that leads to its fields."""
    yield path, ask
    for name in _nesting(type(ask)):
        value = getattr(ask, name)
        if isinstance(value, ProtocolRequest):
            yield from _walk(value, f"{path}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], ProtocolRequest):
            for place, one in enumerate(value):
                yield from _walk(one, f"{path}{name}[{place}].")


@cache
def _limited(model: type[ProtocolRequest]) -> Mapping[str, tuple[Any, ...]]:
    return {
        name: (None, *mark.values)
        for name, field in model.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Only)
    }


@cache
def _nesting(model: type[ProtocolRequest]) -> tuple[str, ...]:
    """Return the fields that hold requests within a request."""
    return tuple(
        name for name, field in model.model_fields.items() if _holds_requests(field.annotation)
    )


def _holds_requests(annotation: object) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, ProtocolRequest):
        return True
    return any(map(_holds_requests, get_args(annotation)))


def _is_same(value: object, other: object) -> bool:
    """Compare as JSON does: true is not 1."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)
