"""The versions of one model that answer here, and how they follow the store's plan for it."""

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace

from model_store import InvalidPlan, ServingPlan, StoredVersion, StoreError, StoreReader
from model_store import StoreUnavailable as Unavailable
from service.engine.loading import LoadedModel, Refused
from service.engine.types import ModelStatus, Task

logger = logging.getLogger(__name__)

Load = Callable[[StoredVersion], LoadedModel]

CANARY = "canary"
MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Refusal:
    """A version that is wanted but must not be served, and why; task and date if known."""

    reason: str
    task: Task | None = None
    created: int = 0


@dataclass(frozen=True, slots=True)
class Family:
    """The versions of one model.

    Args:
        name: The model's name.
        default: What the bare name means; None if nothing can be served.
        loaded: Versions that answer.
        refused: Versions that were wanted but do not.
        labels: Loaded versions by label.
        canary: A loaded version and its share of the requests that name no version, or None.
        shadow: A loaded version that gets the same requests as the bare name, only to be compared.
        fingerprint: The store's, when this was worked out.
    """

    name: str
    default: int | None = None
    loaded: Mapping[int, LoadedModel] = field(default_factory=dict)
    refused: Mapping[int, Refusal] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)
    canary: tuple[int, float] | None = None
    shadow: int | None = None
    fingerprint: Hashable = None

    def version_of(self, tag: str, draw: Callable[[], float]) -> int | None:
        """Return the version that a tag means, whether it is loaded or not.

        Args:
            tag: "" for the default, else a number or a label.
            draw: Returns a random number in [0, 1), for the canary's share.
        """
        if not tag:
            takes_canary = self.canary is not None and draw() < self.canary[1]
            return self.canary[0] if self.canary and takes_canary else self.default
        if tag.isascii() and tag.isdecimal() and len(tag) <= MAX_DIGITS:
            return int(tag)
        if tag == CANARY and tag not in self.labels:
            return self.canary[0] if self.canary else None
        return self.labels.get(tag)

    def statuses(self) -> list[ModelStatus]:
        """Return what to tell about each version, by number."""
        ready = [self._ready(version, model) for version, model in self.loaded.items()]
        refused = [
            ModelStatus(
                self.name,
                version,
                refusal.task or "",
                "refused",
                is_default=False,
                created=refusal.created,
                reason=refusal.reason,
            )
            for version, refusal in self.refused.items()
        ]
        return sorted(ready + refused, key=lambda status: status.version)

    def _ready(self, version: int, model: LoadedModel) -> ModelStatus:
        info = model.info
        return ModelStatus(
            self.name,
            version,
            info.task,
            "ready",
            is_default=version == self.default,
            labels=tuple(sorted(label for label, to in self.labels.items() if to == version)),
            created=info.created,
            classes=info.classes,
            prompts=info.prompts,
            metrics=model.metrics,
            sampling=info.sampling,
            canary_weight=self.canary[1] if self.canary and self.canary[0] == version else None,
            is_shadow=version == self.shadow,
        )


def converge(old: Family, store: StoreReader, load: Load) -> Family:
    """Return a model's versions as the store's plan wants them, as far as they can be served.

    What the old family has loaded is taken over. A default that must not be served is replaced
    by the one before, or at the start by the next lower version that can be.

    Raises:
        ModelNotFound: If the store no longer has the model.
        StoreUnavailable: If the store cannot be read now.
    """
    fingerprint = store.fingerprint(old.name)
    if fingerprint == old.fingerprint:
        return old
    try:
        plan = store.serving(old.name)
    except InvalidPlan as exc:
        logger.error("%s: the plan cannot be followed, nothing changes: %s", old.name, exc)
        highest = store.versions(old.name)[-1]
        refused = {} if old.loaded else {highest: Refusal(str(exc))}
        return replace(old, fingerprint=fingerprint, refused=refused)
    following = _Following(old, store, load)
    return replace(following.follow(plan), fingerprint=fingerprint)


class _Following:
    """One model on its way from the versions that it has to those that a plan wants."""

    def __init__(self, old: Family, store: StoreReader, load: Load) -> None:
        self._old = old
        self._store = store
        self._load = load
        self._loaded: dict[int, LoadedModel] = {}
        self._refused: dict[int, Refusal] = {}

    def follow(self, plan: ServingPlan) -> Family:
        for version in plan.versions:
            self._take(version)
        default = self._default_for(plan)
        labels = {
            label: place
            for label, version in plan.labels.items()
            if (place := self._or_before(version, self._old.labels.get(label))) is not None
        }
        canary = None
        if plan.canary is not None and plan.canary.version in self._loaded:
            canary = plan.canary.version, plan.canary.weight
        return Family(
            self._old.name,
            default,
            self._loaded,
            self._refused,
            labels=labels,
            canary=canary,
            shadow=plan.shadow if plan.shadow in self._loaded else None,
        )

    def _take(self, version: int) -> bool:
        """Have a version loaded; return whether it can be served."""
        if version in self._old.loaded:
            self._loaded[version] = self._old.loaded[version]
        elif version not in self._loaded and version not in self._refused:
            self._load_new(version)
        return version in self._loaded

    def _load_new(self, version: int) -> None:
        name = self._old.name
        try:
            self._loaded[version] = self._load(self._store.open(name, version))
        except Unavailable:
            raise
        except (StoreError, Refused) as exc:
            self._refuse(version, str(exc))
        except Exception as exc:
            logger.exception("%s:%d cannot be run", name, version)
            self._refuse(version, f"it cannot be run: {exc}")

    def _refuse(self, version: int, reason: str) -> None:
        logger.error("refused %s:%d: %s", self._old.name, version, reason)
        try:
            manifest = self._store.manifest(self._old.name, version)
        except StoreError:
            self._refused[version] = Refusal(reason)
        else:
            self._refused[version] = Refusal(reason, manifest.task, manifest.created)

    def _default_for(self, plan: ServingPlan) -> int | None:
        before = self._or_before(plan.default, self._old.default)
        if before is not None:
            return before
        lower = [one for one in self._store.versions(self._old.name) if one < plan.default]
        return next((version for version in reversed(lower) if self._take(version)), None)

    def _or_before(self, version: int, before: int | None) -> int | None:
        """Return the version if it is loaded, else the one that stood in its place."""
        if version in self._loaded:
            return version
        return before if before is not None and self._take(before) else None
