"""Finds what the modules of a package say of themselves: how tasks make themselves known.

Every layer has a package `tasks` in which each task stands by itself. Nobody lists them: what
stands there is found, so that a task is added without a change to what is shared.
"""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


def found_in(
    package: ModuleType, attribute: str, *, module: str = "", is_optional: bool = False
) -> Iterator[Any]:
    """Yield the `attribute` of each member of a package that has one, by the members' names.

    Args:
        package: Where to look.
        attribute: Name of a module-level value.
        module: Where in a member that is a package itself the value stands, such as "task".
        is_optional: Whether a member may lack that module.
    """
    for member in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
        name = f"{package.__name__}.{member.name}"
        place = f"{name}.{module}" if member.ispkg and module else name
        if is_optional and find_spec(place) is None:
            continue
        found = import_module(place)
        if hasattr(found, attribute):
            yield getattr(found, attribute)
