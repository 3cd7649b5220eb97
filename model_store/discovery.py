"""Finds what the modules of a package say of themselves: how tasks make themselves known.

Every layer has a package `tasks` in which each task stands by itself. Nobody lists them: what
stands there is found, so that a task is added without a change to what is shared.
"""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any


def found_in(package: ModuleType, attribute: str, *, module: str = "") -> Iterator[Any]:
    """Yield the `attribute` of each member of a package that has one, by the members' names.

    Args:
        package: Where to look.
        attribute: Name of a module-level value.
        module: Where in a member that is a package itself the value stands, such as "task".
    """
    for member in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
        name = f"{package.__name__}.{member.name}"
        found = import_module(f"{name}.{module}" if member.ispkg and module else name)
        if hasattr(found, attribute):
            yield getattr(found, attribute)
