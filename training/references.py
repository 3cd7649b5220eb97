"""How commands name a model of the store."""


def parse_reference(reference: str) -> tuple[str, int | None]:
    """Split what names a model in the store: `NAME` or `NAME:VERSION`.

    Raises:
        ValueError: The version is not a number.
    """
    name, _, number = reference.partition(":")
    if number and not number.isdecimal():
        raise ValueError(f"{reference!r} is not NAME or NAME:VERSION with a number")
    return name, int(number) if number else None
