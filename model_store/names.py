"""What models, versions and files may be called: nothing that could leave the store.

Every name from outside passes here before a path is made of it.
"""

import re

from model_store.errors import InvalidName

MODEL_NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
VERSION = r"^[1-9][0-9]{0,17}$"


def check_model_name(name: str) -> str:
    """Return the name if it may be one.

    Raises:
        InvalidName: If it is not 1 to 64 of a-z, 0-9, _ and -, the first a letter or digit.
    """
    if not re.fullmatch(MODEL_NAME, name):
        raise InvalidName(
            f"model name {name[:80]!r} is not allowed: use 1 to 64 of a-z, 0-9, _ and -, "
            "beginning with a letter or digit"
        )
    return name


def check_file_name(name: str) -> str:
    """Return the name if a file of a version may have it.

    Raises:
        InvalidName: If it is not 1 to 128 letters, digits, dots, _ and -, the first a letter or
            digit.
    """
    if not re.fullmatch(FILE_NAME, name):
        raise InvalidName(
            f"file name {name[:140]!r} is not allowed: use 1 to 128 letters, digits, dots, _ "
            "and -, beginning with a letter or digit"
        )
    return name


def check_version(version: int) -> int:
    """Return the number if it may be a version.

    Raises:
        InvalidName: If it is not an integer from 1 up.
    """
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InvalidName(f"version {version!r} is not allowed: use an integer from 1 up")
    return version


def parse_version(text: str) -> int | None:
    """Return the number that a directory name stands for; None unless in canonical form."""
    return int(text) if re.fullmatch(VERSION, text) else None
