"""The real server around an application that cannot be built while the file `BROKEN` exists."""

import os
from pathlib import Path

from flask import Flask

from tests.e2e import fake_service


def build() -> Flask:
    """Make the application.

    Raises:
        RuntimeError: The file is there.
    """
    if Path(os.environ["BROKEN"]).exists():
        raise RuntimeError("the application is broken")
    return fake_service.build()
