"""Bounds on texts that are the operator's to set, so not part of the schemas."""

from service.api.errors import SchemaError, TextTooLong
from service.settings import Settings


def check_text(text: str, settings: Settings, name: str, index: int | None = None) -> None:
    """Refuse a text that no model should be given.

    Args:
        text: The text.
        settings: For `max_text_chars`.
        name: The field that it was sent in.
        index: Its place there, if that is a list.

    Raises:
        TextTooLong: It has more characters than `max_text_chars`.
        SchemaError: It holds a NUL character.
    """
    if len(text) <= settings.max_text_chars and "\0" not in text:
        return
    param = name if index is None else f"{name}[{index}]"
    if len(text) > settings.max_text_chars:
        raise TextTooLong(
            f"`{param}` has {len(text)} characters, at most {settings.max_text_chars} are allowed; "
            "shorten it or split it",
            param=param,
        )
    raise SchemaError(
        f"`{param}` holds a NUL character at {text.index(chr(0))}; remove it", param=param
    )


def check_at_most(value: int | None, most: int, name: str) -> None:
    """Refuse a number over the operator's bound.

    Raises:
        SchemaError: `value` is over `most`.
    """
    if value is not None and value > most:
        shown = str(value) if value < 10**20 else "a larger number"
        raise SchemaError(f"`{name}` must be at most {most}, got {shown}", param=name)
