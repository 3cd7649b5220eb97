"""Whole numbers as JSON has them: `3.0` is one, `3.5`, `"3"` and `true` are not.

JSON knows no integers, only numbers, and JSON Schema calls 3.0 an integer; R, Lua, Julia and PHP
write them so. Every request's field that means a whole number is read here, in a schema or by hand.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True, slots=True)
class Whole:
    """Makes `Annotated[int, Whole(0, 10)]` of a field take integral numbers too.

    An ordinary integer is checked by pydantic alone; only what is none comes to Python.

    Args:
        least: Smallest number allowed.
        most: Largest number allowed.
    """

    least: int | None = None
    most: int | None = None

    def __get_pydantic_core_schema__(
        self, source: type[int], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check for an integer, else for a number that is one."""
        exact = core_schema.int_schema(strict=True, ge=self.least, le=self.most)
        read = core_schema.no_info_plain_validator_function(_read)
        integral = core_schema.chain_schema([read, exact])
        return core_schema.union_schema([exact, integral], mode="left_to_right")

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Show an integer, which 3.0 is by JSON Schema."""
        return handler(core_schema.int_schema(ge=self.least, le=self.most))


def whole(value: object) -> int | None:
    """Return a number that is whole as an integer, None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def _read(value: object) -> int:
    number = whole(value) if isinstance(value, float) else None
    if number is None:
        raise PydanticCustomError("whole_number", "a whole number is needed")
    return number
