"""Requests in the shape of other protocols.

What is unknown in them is let through, what is known and cannot be honoured is refused by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from service.api.errors import SchemaError
from service.api.reply import Headers

SHOWABLE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
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
    """Refuse what cannot be honoured.

    Raises:
        SchemaError: A field marked with `Only` has another value.
    """
    sent = ask.model_fields_set
    for name, values in _limited(type(ask)).items():
        if name in sent and not any(_is_same(getattr(ask, name), one) for one in values):
            reason = type(ask).model_fields[name].description
            raise SchemaError(f"`{name}`: {reason}", param=name, code="unsupported_field")


def ignored_fields(ask: ProtocolRequest) -> Headers:
    """Name the fields that nobody here knows, for a header of the answer."""
    names = list(ask.model_extra or ())
    if not names:
        return ()
    shown = [name for name in names if SHOWABLE.fullmatch(name)][:MAX_SHOWN]
    rest = [f"{len(names) - len(shown)} more"] if len(names) > len(shown) else []
    return (("X-Ignored-Fields", ", ".join(shown + rest)),)


@cache
def _limited(model: type[ProtocolRequest]) -> Mapping[str, tuple[Any, ...]]:
    return {
        name: (None, *mark.values)
        for name, field in model.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Only)
    }


def _is_same(value: object, other: object) -> bool:
    """Compare as JSON does: true is not 1."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)
