"""Which versions of which models answer here.

`refresh` converges on the store and may be called any time; what is served is one immutable value
that is replaced in one step, so a request sees the old or the new. Requests that run on a version
which is served no longer are finished by it.
"""

import difflib
import gc
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeVar

from model_store import StoreError, StoreReader
from service.engine.loading import LoadedModel
from service.engine.model_versions import Load, ModelVersions, converge
from service.engine.shared_plans import SharedPlans
from service.engine.task import engine_tasks
from service.engine.types import ModelStatus
from service.errors import ModelNotFound, WrongTask

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class Aside(Protocol):
    """Does a piece of work somewhere, and returns what it returns."""

    def __call__(self, work: Callable[[], Result], /) -> Result:
        """Return the result of `work`, or raise what it raised."""


def here(work: Callable[[], Result]) -> Result:
    """Do a piece of work on the caller's own thread."""
    return work()


class Registry:
    """The models being served.

    Args:
        store: Where they come from.
        load: Makes a stored version answer.
        served: What the workers of this start served last.
        aside: Does reading and loading where it holds up no request, and waits for it.
        num_extra_versions: As in `EngineOptions`.
        patience_s: Seconds after which a look at the store that is not over is a problem: that of a
            network mount may never be.
    """

    def __init__(
        self,
        store: StoreReader,
        load: Load,
        served: SharedPlans,
        aside: Aside = here,
        *,
        num_extra_versions: int = 0,
        patience_s: float = 60.0,
    ) -> None:
        """Start with no model; `refresh` loads them."""
        self._store = store
        self._load = load
        self._served = served
        self._aside = aside
        self._families: Mapping[str, ModelVersions] = {}
        self._refreshing = threading.Lock()
        self._random = random.Random()
        self._converge = partial(converge, num_extra=num_extra_versions)
        self._patience_s = patience_s
        self._began: float | None = None  # when the look at the store that runs did
        self._problem: str | None = None
        self._has_dropped = False
        self._counted: dict[tuple[str, int | None], Hashable] = {}
        self.num_loads: Counter[str] = Counter()
        self.num_refusals: Counter[str] = Counter()

    @property
    def problem(self) -> str | None:
        """Why the store is not followed now, or None."""
        began = self._began
        if began is not None and time.monotonic() - began >= self._patience_s:
            return f"the model store has not answered for {time.monotonic() - began:.0f} s"
        return self._problem

    def refresh(self) -> None:
        """Serve what the store's plans want, as far as it can be served; never raises.

        While the store cannot be read, or is empty as a lost mount is, what was served stays.
        """
        with self._refreshing:
            self._collect()
            self._began = time.monotonic()
            try:
                self._follow(self._aside(self._store.names))
            except StoreError as exc:
                self._note_problem(str(exc))
            finally:
                self._began = None

    def _follow(self, names: Sequence[str]) -> None:
        """Serve what the plans of these models want."""
        if not names:
            self._note_problem(f"the model store {self._store.root} holds no model")
            return
        self._note_problem(None)
        old = self._families
        new = {name: self._refreshed(old.get(name, ModelVersions(name))) for name in names}
        self._families = new
        self._count(old, new)
        for model in _loaded(old) - _loaded(new):
            logger.info("%s:%d is served no longer", model.info.name, model.info.version)
            model.close()
            self._has_dropped = True

    def find(self, model: str, verb: str | None) -> LoadedModel:
        """Return the version that a request means.

        Args:
            model: `name`, `name:version` or `name:label`.
            verb: What it is asked to do; None to take whatever it does.

        Raises:
            ModelNotFound: If no such model, version or label is served.
            WrongTask: If it does another task.
        """
        name, _, tag = model.partition(":")
        family = self._families.get(name)
        if family is None:
            raise ModelNotFound(self._unknown(model, verb), param="model")
        version = family.version_of(tag, self._random.random)
        loaded = None if version is None else family.loaded.get(version)
        if loaded is None or family.is_only_shadow(loaded.info.version):
            raise ModelNotFound(_why_not(family, model, version), param="model")
        if verb is not None and loaded.info.verb != verb:
            raise WrongTask(
                f"model {model[:80]!r} {engine_tasks()[loaded.info.task].does}, but was asked to "
                f"{verb}; that is done by {self._names_for(verb)}",
                param="model",
            )
        return loaded

    def shadow_of(self, model: str) -> LoadedModel | None:
        """Return the version that gets a copy of the requests to `model`, if there is one."""
        family = self._families.get(model)
        if family is None or family.shadow is None:
            return None
        return family.loaded.get(family.shadow)

    def statuses(self) -> list[ModelStatus]:
        """Return every version that is served or refused, by name and number."""
        families = self._families
        return [status for name in sorted(families) for status in families[name].statuses()]

    def loaded(self) -> list[LoadedModel]:
        """Return every version that answers."""
        return list(_loaded(self._families))

    def _refreshed(self, old: ModelVersions) -> ModelVersions:
        """Return a model's new family, which is the old one if it cannot be read.

        So it is also if it was listed a moment ago and is not found: the whole store may have gone.
        """
        try:
            return self._aside(partial(self._converge, old, self._store, self._load, self._served))
        except StoreError as exc:
            self._note_problem(str(exc))
        except Exception:
            logger.exception("%s cannot be refreshed, nothing changes", old.name)
        return old

    def _collect(self) -> None:
        """Free what was dropped the time before.

        A model's parts refer to each other, and what ONNX Runtime holds for them is nothing that
        Python's collector sees: left to itself it let half a megabyte grow with each swap.
        """
        if self._has_dropped:
            self._has_dropped = False
            gc.collect()

    def _count(self, old: Mapping[str, ModelVersions], new: Mapping[str, ModelVersions]) -> None:
        """Count what has been loaded since, and each refusal once for the same files."""
        for name, family in new.items():
            before = old.get(name, ModelVersions(name))
            self.num_loads[name] += len(family.loaded.keys() - before.loaded.keys())
            for what, files in family.refusals():
                is_news = self._counted.get((name, what)) != files
                self._counted[name, what] = files
                self.num_refusals[name] += is_news and files is not None

    def _note_problem(self, problem: str | None) -> None:
        """Keep why the store is not followed now; log it when it is news."""
        if problem is not None and problem != self._problem:
            logger.error("what is served stays as it is: %s", problem)
        self._problem = problem

    def _unknown(self, model: str, verb: str | None) -> str:
        """Say that there is no such model; some clients put an address where its name belongs."""
        if "://" in model:
            return (
                f"`model` is an address, {model[:80]!r}, and must be a model's name: send one of "
                f"{self._names_for(verb)}, or none; the address only says where to send it"
            )
        name = model.partition(":")[0]
        near = difflib.get_close_matches(name[:80], self._names(verb), n=1)
        hint = f"; did you mean {near[0]!r}? There are" if near else ", there are"
        return f"there is no model {name[:80]!r}{hint} {self._names_for(verb)}"

    def _names_for(self, verb: str | None) -> str:
        return ", ".join(self._names(verb)) or f"no models to {verb or 'ask'}"

    def only(self, verb: str) -> str | None:
        """Return the one model that can be asked to do this, None if there are several or none."""
        names = self._names(verb)
        return names[0] if len(names) == 1 else None

    def _names(self, verb: str | None) -> list[str]:
        return sorted(
            {one.info.name for one in _loaded(self._families) if verb in (None, one.info.verb)}
        )


def _loaded(families: Mapping[str, ModelVersions]) -> set[LoadedModel]:
    return {model for family in families.values() for model in family.loaded.values()}


def _why_not(family: ModelVersions, model: str, version: int | None) -> str:
    refusal = None if version is None else family.refused.get(version)
    if refusal is not None:
        return f"model {model[:80]!r} is refused: {refusal.reason}"
    if version is not None and family.is_only_shadow(version):
        return (
            f"model {model[:80]!r} is a shadow: its answers are compared with those that are given "
            "and never returned; list it under `also` in serving.json to have it asked by number"
        )
    reachable = [one for one in sorted(family.loaded) if not family.is_only_shadow(one)]
    tags = [str(one) for one in reachable] + sorted(family.labels)
    return (
        f"model {model[:80]!r} is not served; of {family.name} these are: "
        f"{', '.join(tags) or 'none'}. Others of the store are once they are promoted, or listed "
        "under `also` in serving.json"
    )
