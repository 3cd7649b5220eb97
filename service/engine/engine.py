"""The engine as the API sees it: requests in, answers out, errors of `service.errors`.

Made and started in the worker process, after the fork: sessions and threads do not survive one.
"""

import time
from functools import partial
from typing import Any

from model_store import StoreReader
from service.engine.activity import Activity
from service.engine.cards import Cards
from service.engine.flat_combining import too_late
from service.engine.health_probe import HealthProbe
from service.engine.loading import LoadedModel, load
from service.engine.options import EngineOptions
from service.engine.registry import Aside, Registry, here
from service.engine.shadow import Shadows
from service.engine.shared_plans import SharedPlans
from service.engine.types import Card, EngineRequest, Health, ModelInfo, ModelStatus, Picture
from service.engine.vocabulary import Vocabulary
from service.errors import ModelNotFound, NotReady, WrongTask

SERVED_DIR = "served"
CLOSE_PATIENCE_S = 5.0
"""Seconds that running generations have to end when the engine is closed."""


class Engine:
    """Answers requests with the models of a store.

    Args:
        options: How it runs.
        aside: Does reading and loading where it holds up no request, and waits for it.
    """

    def __init__(self, options: EngineOptions, aside: Aside = here) -> None:
        """Remember the options; `start` loads the models."""
        self._options = options
        reader = StoreReader(options.store_dir)
        served = SharedPlans(options.run_dir and options.run_dir / SERVED_DIR)
        self._cards = Cards(reader, aside)
        self._registry = Registry(
            reader,
            partial(load, options=options),
            served,
            aside,
            num_extra_versions=options.num_extra_versions,
        )
        self._shadows = Shadows()
        self._proof = HealthProbe()
        self._why_not_started: str | None = "the worker is starting"
        self._is_draining = False

    def start(self) -> None:
        """Load what the store serves.

        Raises:
            NotReady: If not one model can be served; it is started by the `refresh` that finds one.
        """
        self.refresh()
        if self._why_not_started is not None:
            raise NotReady(self._registry.problem or self._why_not_started)

    def refresh(self) -> None:
        """Follow the store: load what is new, drop what is served no longer; never raises."""
        self._registry.refresh()
        if self._why_not_started is None:
            return
        if self._registry.loaded():
            self.prove()
            self._why_not_started = None
        else:
            self._why_not_started = self._why_no_model()

    def prove(self) -> None:
        """Ask every model that has done nothing well lately a small question; never raises."""
        self._proof.renew(self._registry.loaded())

    def answer(self, request: EngineRequest) -> Any:
        """Answer a request, or start to, as its verb's model does.

        Returns:
            What the verb's answer is: of one that writes token by token a handle, at once.

        Raises:
            InvalidInput: If the model cannot take a value.
            WrongTask: If the model does something else.
            ModelNotFound: If no such model is served.
            NotReady: If the engine is starting or draining.
            QueueFull: If too much is waiting.
            DeadlineExceeded: If the request's deadline passed first.
            EngineFailure: If the model failed on this request.
        """
        self._admit(request)
        for _ in range(2):  # a version may go out of service between the two calls
            worker = self._find(request.model, request.verb, request.version).worker
            answer = worker.answer(request)
            if answer is not None:
                wanted = request.model or self._default_for(request.verb)
                if (shadow := self._registry.shadow_of(wanted)) is not None:
                    offer = partial(self._shadows.offer, shadow)
                    worker.compare(request, answer, shadow.worker, offer)
                return answer
        raise NotReady("the model is being replaced: try again", retry_after_s=1)

    def models(self) -> list[ModelStatus]:
        """Tell every version that is served, and every one that was refused."""
        return self._registry.statuses()

    def card(self, name: str, version: int | None) -> Card:
        """Return the card of a stored version, served or not; see `Cards.card`."""
        return self._cards.card(name, version)

    def picture(self, name: str, version: int | None, filename: str) -> Picture:
        """Return a picture of a stored version, served or not; see `Cards.picture`."""
        return self._cards.picture(name, version, filename)

    def activity(self) -> Activity:
        """Tell what is done and was done, for metrics."""
        registry = self._registry
        return Activity(
            tuple(model.workload() for model in registry.loaded()),
            registry.num_loads,
            registry.num_refusals,
            tuple(self._shadows.tallies()),
            registry.problem,
        )

    def resolve(self, model: str | None, verb: str | None) -> ModelInfo:
        """Tell what a model takes; raises `ModelNotFound` or `WrongTask`.

        Args:
            model: `name`, `name:version` or `name:label`; None for the verb's default.
            verb: What it will be asked to do; None where any model will do.
        """
        return self._find(model, verb).info

    def vocabulary(self, model: str | None, verb: str) -> Vocabulary:
        """Return the tokens of a model.

        Args:
            model: `name`, `name:version` or `name:label`; None for the default to `verb`.
            verb: Whose default None means; a model that is named may do anything.

        Raises:
            ModelNotFound: If no such model is served.
            WrongTask: If it reads words or numbers, and has no tokens.
        """
        loaded = self._find(model, None if model else verb)
        if loaded.tokenizer is None:
            raise WrongTask(
                f"model {loaded.info.name!r} has no tokens: it reads whole words or numbers; name "
                "one that does as `model`",
                param="model",
            )
        return Vocabulary(loaded.info, loaded.tokenizer)

    def health(self) -> Health:
        """Tell whether requests are answered now, and if not why."""
        if self._is_draining:
            return Health(is_ready=False, reason="the worker is draining")
        if self._why_not_started is not None:
            return Health(is_ready=False, reason=self._why_not_started)
        for model in self._registry.loaded():
            if model.failure is not None:
                reason = f"{model.info.name}:{model.info.version}: {model.failure}"
                return Health(is_ready=False, reason=reason, is_alive=False)
        if (problem := self._proof.problem) is not None:
            return Health(is_ready=False, reason=problem, is_alive=not self._proof.is_dead)
        return Health(is_ready=True, reason="")

    def drain(self) -> None:
        """Refuse new requests with `NotReady` from now on; running ones end as usual."""
        self._is_draining = True

    def close(self, patience_s: float = CLOSE_PATIENCE_S) -> None:
        """Stop; what is still running after `patience_s` seconds fails with `NotReady`."""
        self.drain()
        self._shadows.close()
        for model in self._registry.loaded():
            model.close()
        until = time.monotonic() + patience_s
        for model in self._registry.loaded():
            model.close(max(0.0, until - time.monotonic()))

    def _admit(self, request: EngineRequest) -> None:
        if self._is_draining or self._why_not_started is not None:
            raise NotReady(f"{self.health().reason}: try again", retry_after_s=1)
        if request.deadline is not None and request.deadline <= time.monotonic():
            raise too_late()

    def _default_for(self, verb: str) -> str:
        """Return the model that a request means which names none; "" if there is none."""
        return self._options.default_models.get(verb) or self._registry.only(verb) or ""

    def _find(self, model: str | None, verb: str | None, version: int | None = None) -> LoadedModel:
        """Return the version that a request means, which may name no model."""
        if model and version is None:
            return self._registry.find(model, verb)
        default = self._default_for(verb or "")
        if version is not None:
            name = (model or default).partition(":")[0]
            return self._registry.find(f"{name}:{version}", verb)
        if not default:
            raise ModelNotFound(
                f"the request names no model, and none is the default to {verb}: name one as "
                "`model`",
                param="model",
            )
        try:
            return self._registry.find(default, verb)
        except (ModelNotFound, WrongTask) as exc:
            raise ModelNotFound(
                f"the request names no model, and the default is not served: {exc.message}",
                param="model",
            ) from exc

    def _why_no_model(self) -> str:
        """Say it to anybody: the store's place is for the log."""
        if self._registry.problem is not None:
            return "the model store cannot be read or is empty; the log tells more"
        reasons = [
            f"{status.name}:{status.version}: {status.reason}"
            for status in self._registry.statuses()
        ]
        return (
            f"no model can be served: {'; '.join(reasons)} (`python -m model_store verify` lists "
            "what is damaged: put those files back from a backup, or train the model again)"
        )
