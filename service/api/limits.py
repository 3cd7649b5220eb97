"""Bounds on texts and numbers that are the operator's to set, so not part of the schemas."""

from service.api.errors import SchemaError, TextTooLong
from service.api.schema_errors import show
from service.api.whole_numbers import whole
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


def checked_whole(value: object, least: int, name: str) -> int:
    """Return a field that no schema describes, and that is a whole number.

    Raises:
        SchemaError: It is something else, or under `least`.
    """
    number = whole(value)
    if number is None or number < least:
        raise SchemaError(
            f"`{name}` must be a whole number of at least {least}, got {show(value)}", param=name
        )
    return number


def checked_texts(
    given: str | list[str],
    settings: Settings,
    name: str = "input",
    *,
    may_be_blank: bool = False,
) -> tuple[str, ...]:
    """Return the texts that a model is to read.

    Args:
        given: A text or several.
        settings: For their number and length.
        name: The field that they were sent in.
        may_be_blank: Whether a text may have nothing to read, as where others came before it.

    Raises:
        SchemaError: There are none or too many, or one is empty or holds a NUL.
        TextTooLong: One is too long.
    """
    if isinstance(given, str):
        check_text(given, settings, name)
        if not may_be_blank:
            _check_not_blank(given, name)
        return (given,)
    if not 1 <= len(given) <= settings.max_texts:
        raise SchemaError(
            f"`{name}` has {len(given)} texts; send 1 to {settings.max_texts} in one request",
            param=name,
        )
    for index, text in enumerate(given):
        check_text(text, settings, name, index)
        if not may_be_blank:
            _check_not_blank(text, name, index)
    return tuple(given)


def _check_not_blank(text: str, name: str, index: int | None = None) -> None:
    if not text or text.isspace():
        param = name if index is None else f"{name}[{index}]"
        what = "has only spaces" if text else "is empty"
        raise SchemaError(f"`{param}` {what}; send a text with words in it", param=param)
