"""`serving.json`: which versions of a model are served, and as what.

Pure data and pure changes; `store` reads and writes the file. Example:

    {"default": 3, "canary": {"version": 4, "weight": 0.05}, "labels": {"stable": 3},
     "shadow": 4, "also": [2], "history": [1, 2]}
"""

from collections.abc import Collection
from typing import Annotated

from pydantic import Field, PositiveInt

from model_store.document import Document

MAX_HISTORY = 20

LabelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]


class Canary(Document):
    """A version that answers a share of the requests that name no version.

    Args:
        version: Which one.
        weight: Its share, 0 to 1.
    """

    version: PositiveInt
    weight: Annotated[float, Field(ge=0, le=1)]


class ServingPlan(Document):
    """What a model's name, and `name:label` and `name:version`, mean.

    Args:
        default: The version that the bare name means.
        canary: A version that takes a share of its requests, or None.
        labels: Versions by label, e.g. {"stable": 3} for `name:stable`.
        shadow: A version that gets the same requests, whose answers are only compared; or None.
        also: Further versions that stay reachable by number.
        history: Former defaults, the latest last, for rollback; they need not exist any more.
    """

    default: PositiveInt
    canary: Canary | None = None
    labels: dict[LabelName, PositiveInt] = {}
    shadow: PositiveInt | None = None
    also: tuple[PositiveInt, ...] = ()
    history: Annotated[tuple[PositiveInt, ...], Field(max_length=MAX_HISTORY)] = ()

    def to_bytes(self) -> bytes:
        """Return the file's content; what is not set is left out."""
        return self.model_dump_json(indent=2, exclude_defaults=True).encode() + b"\n"

    @property
    def versions(self) -> list[int]:
        """All versions that the plan serves, ascending; `history` is not served."""
        canary = {self.canary.version} if self.canary else set()
        shadow = {self.shadow} if self.shadow else set()
        return sorted({self.default, *canary, *self.labels.values(), *shadow, *self.also})

    def promoted(self, version: int) -> "ServingPlan":
        """Return the plan with another default, the present one remembered.

        A canary or shadow of that version has done its work and goes.
        """
        if version == self.default:
            return self
        return self._changed(
            default=version,
            canary=None if self.canary and self.canary.version == version else self.canary,
            shadow=None if self.shadow == version else self.shadow,
            history=(*self.history, self.default)[-MAX_HISTORY:],
        )

    def rolled_back(self, existing: Collection[int]) -> "ServingPlan | None":
        """Return the plan with the latest former default that still exists; None without one."""
        for place in range(len(self.history) - 1, -1, -1):
            version = self.history[place]
            if version in existing and version != self.default:
                return self._changed(default=version, history=self.history[:place])
        return None

    def _changed(self, **fields: object) -> "ServingPlan":
        return self.model_copy(update=fields)
