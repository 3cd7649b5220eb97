"""Where settings, engine and API are put together; gunicorn calls `build` in each worker.

Command: `gunicorn -c service/gunicorn.conf.py` (which names `service.wsgi:build()`).
"""

import logging
import sys
from collections.abc import Iterator

from flask import Flask
from prometheus_client import CollectorRegistry

from service import background_jobs
from service.access import Access
from service.api.app import create_app
from service.api.metrics import metrics_route
from service.engine.engine import Engine
from service.engine.memory import tidy
from service.engine.options import EngineOptions, new_key
from service.engine.task import engine_tasks
from service.errors import ServiceError
from service.http.startup_checks import has_started, is_first_to_fail, wait_to_be_stopped
from service.observability import log
from service.observability.deferred_notes import DeferredNotes
from service.observability.metrics import Metrics
from service.observability.metrics_sampler import Sampler
from service.observability.model_counts import ModelCounts
from service.settings import DEFAULT_MODELS, Settings, load_settings

logger = logging.getLogger(__name__)

TIDY_S = 5.0  # seconds between two times that free memory goes back to the system
SAMPLE_S = 1.0  # seconds between two looks at what the engine does
PROOF_S = 5.0  # seconds between two questions to each idle model
CANNOT_LOAD = 4  # gunicorn stops when a worker ends with this, instead of trying again


def build() -> Flask:
    """Start an engine and make the application around it; runs after the fork.

    Raises:
        SystemExit: No model can be served when the service starts; one line on standard error says
            why. A worker that comes later, or beside one that serves, waits for one, and is not
            ready until then.
    """
    settings = load_settings()
    log.configure(settings.log_level)
    engine = Engine(engine_options(settings), background_jobs.aside)
    try:
        engine.start()
    except ServiceError as exc:
        if not has_started(settings.run_dir):
            if is_first_to_fail(settings.run_dir):
                print(f"The service cannot start: {exc.message}", file=sys.stderr, flush=True)
            else:
                wait_to_be_stopped()
            raise SystemExit(CANNOT_LOAD) from exc
        logger.error("the worker is not ready: %s", exc.message)
    for problem in default_problems(engine, settings):
        logger.warning(problem)
    access = Access(settings)
    metrics = Metrics(CollectorRegistry(), settings.run_dir)
    counts = ModelCounts(settings.run_dir)
    notes = DeferredNotes([metrics, counts, log.RequestLog(settings.log_level)])
    sampler = Sampler(metrics, engine, access.keyring)
    app = create_app(
        engine,
        settings,
        guards=access.guards,
        observers=[*access.observers, notes],
        more_routes=[metrics_route(metrics.render)],
        read_counts=notes.flushed_before(counts.read),
    )
    app.extensions["sampler"] = sampler
    app.extensions["notes"] = notes
    app.extensions["chores"] = [
        background_jobs.BackgroundJob("follow the store", engine.refresh, settings.store_poll_s),
        background_jobs.BackgroundJob("prove the models", engine.prove, PROOF_S),
        background_jobs.BackgroundJob("sample", sampler, SAMPLE_S),
        background_jobs.BackgroundJob("tidy the memory", tidy, TIDY_S),
        *access.chores,
    ]
    for chore in app.extensions["chores"]:
        chore.start()
    return app


def default_problems(engine: Engine, settings: Settings) -> Iterator[str]:
    """Say which models that requests without a model would get are not served.

    A default that nobody has set does not matter where no model does what it is for.
    """
    ready = [status for status in engine.models() if status.state == "ready"]
    known = engine_tasks()
    served = {known[status.task].verb for status in ready if status.task in known}
    for verb, name in DEFAULT_MODELS.items():
        if verb in served or name in settings.model_fields_set:
            model = getattr(settings, name)
            try:
                engine.resolve(model, verb)
            except ServiceError as exc:
                yield f"{name.upper()}={model}: {exc.message}; requests without a model will fail"


def engine_options(settings: Settings) -> EngineOptions:
    """Pick what the engine needs to know of the settings."""
    key = settings.state_key
    return EngineOptions(
        store_dir=settings.store_dir,
        run_dir=settings.run_dir,
        default_models=settings.default_models,
        max_batch_tokens=settings.max_batch_tokens,
        max_wait_ms=settings.max_wait_ms,
        max_queue_size=settings.max_queue_size,
        max_generation_rows=settings.max_generation_rows,
        max_n=settings.max_n,
        max_explain_texts=settings.max_explain_texts,
        num_extra_versions=settings.extra_versions,
        max_occlusion_words=settings.max_occlusion_words,
        stream_interval_ms=settings.stream_interval_ms,
        instruction_set=settings.instruction_set,
        signing_key=new_key() if key is None else key.get_secret_value().encode(),
    )
