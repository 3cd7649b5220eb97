"""The versions of one model that answer here, and how they follow the store's plan for it."""

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from model_store import Canary, InvalidPlan, ServingPlan, StoredVersion, StoreError, StoreReader
from model_store import StoreUnavailable as Unavailable
from service.engine.loading import LoadedModel
from service.engine.proving import Refused
from service.engine.shared_plans import SharedPlans
from service.engine.types import ModelStatus

logger = logging.getLogger(__name__)

Load = Callable[[StoredVersion], LoadedModel]

CANARY = "canary"
MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Refusal:
    """A version that is wanted but must not be served, and why.

    Args:
        reason: Why.
        task: What it does, if known.
        created: Unix seconds of its publication, if known.
        files: Another value once its files change.
    """

    reason: str
    task: str | None = None
    created: int = 0
    files: Hashable = None


@dataclass(frozen=True, slots=True)
class ModelVersions:
    """The versions of one model.

    Args:
        name: The model's name.
        default: What the bare name means; None if nothing can be served.
        loaded: Versions that answer.
        refused: Versions that were wanted but do not.
        labels: Loaded versions by label.
        canary: A loaded version and its share of the requests that name no version, or None.
        shadow: A loaded version that gets the same requests as the bare name, only to be compared.
        also: Further loaded versions that are reached by number.
        problem: Why the store's plan cannot be read, where an older one is served; or None.
        seen: What this was worked out from: the store's fingerprint and what was served before.
    """

    name: str
    default: int | None = None
    loaded: Mapping[int, LoadedModel] = field(default_factory=dict)
    refused: Mapping[int, Refusal] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)
    canary: tuple[int, float] | None = None
    shadow: int | None = None
    also: tuple[int, ...] = ()
    problem: str | None = None
    seen: object = None

    @property
    def plan(self) -> ServingPlan | None:
        """What is served, as a plan; None if nothing is."""
        if self.default is None:
            return None
        return ServingPlan(
            default=self.default,
            canary=Canary(version=self.canary[0], weight=self.canary[1]) if self.canary else None,
            labels=dict(self.labels),
            shadow=self.shadow,
            also=self.also,
        )

    def is_only_shadow(self, version: int) -> bool:
        """Whether a version answers nobody, and only gets copies of requests."""
        if version != self.shadow:
            return False
        canary = self.canary[0] if self.canary else None
        return version not in (self.default, canary, *self.labels.values(), *self.also)

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

    def refusals(self) -> Iterator[tuple[int | None, Hashable]]:
        """Yield each version that was refused and its files, and None for the plan itself."""
        yield None, self.problem
        for version, refusal in self.refused.items():
            yield version, refusal.files

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
            reason=self.problem if version == self.default else None,
            metrics=model.metrics,
            sampling=info.sampling,
            canary_weight=self.canary[1] if self.canary and self.canary[0] == version else None,
            is_shadow=self.is_only_shadow(version),
            input_shape=info.input_shape,
            facts=info.facts,
        )


def converge(
    old: ModelVersions,
    store: StoreReader,
    load: Load,
    served: SharedPlans,
    *,
    num_extra: int = 0,
) -> ModelVersions:
    """Return a model's versions as the store's plan wants them, as far as they can be served.

    What the old family has loaded is taken over. In the place of a default or label that must not
    be served, and of a plan that cannot be read, comes what was served before by any worker of this
    start; before a first time a former default of the plan, else the next lower version that can be
    served. The `num_extra` newest versions that the plan does not name are reached by number too.

    Raises:
        ModelNotFound: If the store no longer has the model.
        StoreUnavailable: If the store cannot be read now.
    """
    fingerprint = store.fingerprint(old.name)
    before = served.recall(old.name)
    if (fingerprint, before) == old.seen:
        return old
    problem = None
    try:
        plan = store.serving(old.name)
    except InvalidPlan as exc:
        logger.error("%s: the plan cannot be followed, nothing changes: %s", old.name, exc)
        if before is None:
            highest = store.versions(old.name)[-1]
            refused = {highest: Refusal(str(exc), files=fingerprint)}
            return replace(old, refused=refused, seen=(fingerprint, None))
        plan, problem = before, str(exc)
    new = _Following(old, store, load, before).follow(plan, num_extra)
    if new.plan is not None and new.plan != before:
        served.note(new.name, new.plan)
    return replace(new, problem=problem, seen=(fingerprint, new.plan or before))


class _Following:
    """One model on its way from the versions that it has to those that a plan wants."""

    def __init__(
        self, old: ModelVersions, store: StoreReader, load: Load, before: ServingPlan | None
    ) -> None:
        self._old = old
        self._store = store
        self._load = load
        self._before = before
        self._existing = set(store.versions(old.name))
        self._loaded: dict[int, LoadedModel] = {}
        self._refused: dict[int, Refusal] = {}

    def follow(self, plan: ServingPlan, num_extra: int) -> ModelVersions:
        for version in plan.versions:
            self._take(version)
        default = self._default_for(plan)
        extra = sorted(self._existing - set(plan.versions), reverse=True)[:num_extra]
        for version in extra:
            self._take(version)
        labels = {
            label: place
            for label, version in plan.labels.items()
            if (place := self._first_of(version, *self._label_before(label))) is not None
        }
        canary = None
        if plan.canary is not None and plan.canary.version in self._loaded:
            canary = plan.canary.version, plan.canary.weight
        return ModelVersions(
            self._old.name,
            default,
            self._loaded,
            self._refused,
            labels=labels,
            canary=canary,
            shadow=plan.shadow if plan.shadow in self._loaded else None,
            also=tuple(one for one in (*plan.also, *extra) if one in self._loaded),
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
            self._refuse(version, str(exc).removeprefix(f"{name}:{version}: "))
        except Exception as exc:
            logger.exception("%s:%d cannot be run", name, version)
            self._refuse(version, f"it cannot be run: {exc}")

    def _refuse(self, version: int, reason: str) -> None:
        name = self._old.name
        logger.error("refused %s:%d: %s", name, version, reason)
        files = self._store.files(name, version)
        try:
            manifest = self._store.manifest(name, version)
        except StoreError:
            self._refused[version] = Refusal(reason, files=files)
        else:
            self._refused[version] = Refusal(reason, manifest.task, manifest.created, files)

    def _default_for(self, plan: ServingPlan) -> int | None:
        before = [self._before.default] if self._before else []
        lower = sorted((one for one in self._existing if one < plan.default), reverse=True)
        return self._first_of(plan.default, *before, *reversed(plan.history), *lower)

    def _label_before(self, label: str) -> list[int]:
        labels = self._before.labels if self._before else {}
        return [labels[label]] if label in labels else []

    def _first_of(self, wanted: int, *others: int) -> int | None:
        """Return the version wanted if it is loaded, else the first other one that can be."""
        if wanted in self._loaded:
            return wanted
        there = self._existing | self._old.loaded.keys()
        return next((one for one in others if one in there and self._take(one)), None)
