"""What is told of one route that others publish, field by field."""

from dataclasses import dataclass, field
from typing import Any

FILM = "a tender, funny and beautifully acted film"

Body = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """One route as others publish it.

    Args:
        title: Its heading.
        path: Where a request goes.
        ask: What is read there.
        source: Whose schema it is, and where.
        published: The fields of that schema.
        base: A request that works.
        sent: A value for each field: one that works, or one that is refused.
        beside: What else has to be sent for it to work.
    """

    title: str
    path: str
    ask: type[Any]
    source: str
    published: str
    base: Body
    sent: Body
    beside: dict[str, Body] = field(default_factory=dict)
