"""From a stored version to something that answers: opened, proved, warmed up.

A version whose golden answers differ, or whose graph cannot run, is refused and never seen by a
request. Knows one version at a time; which are served is `registry`'s matter.
"""

import logging
import time
from dataclasses import dataclass

from model_store import StoredVersion, Tokenizer
from service.engine.activity import Workload
from service.engine.memory import passing
from service.engine.options import EngineOptions
from service.engine.proving import Refused
from service.engine.task import engine_tasks
from service.engine.types import ModelInfo
from service.engine.worker import Worker

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class LoadedModel:
    """One version that answers requests.

    Args:
        info: What it takes.
        metrics: Figures from its manifest.
        worker: What answers.
        tokenizer: Its tokenizer, if it has one.
    """

    info: ModelInfo
    metrics: tuple[tuple[str, float], ...]
    worker: Worker
    tokenizer: Tokenizer | None = None

    @property
    def failure(self) -> str | None:
        """Why it answers no longer, or None."""
        return self.worker.failure

    def workload(self) -> Workload:
        """Tell what it has to do and has done."""
        worker, info = self.worker, self.info
        return Workload(
            info.name, info.version, worker.num_waiting, worker.num_running, worker.tally
        )

    def close(self, patience_s: float | None = None) -> None:
        """Let go of it when its requests are answered (see `Worker.close`)."""
        self.worker.close(patience_s)


def load(stored: StoredVersion, options: EngineOptions) -> LoadedModel:
    """Open, prove and warm up one version.

    Raises:
        Refused: If its answers are not those of its exporter, or the engine knows no such task.
        StoreError: If its files cannot be read or are not what its manifest says.
        Exception: What ONNX Runtime raises for a graph that it cannot run.
    """
    started = time.monotonic()
    task = engine_tasks().get(stored.config.task)
    if task is None:
        raise Refused(f"nothing here runs models for {stored.config.task}")
    with passing():
        info, worker = task.load(stored, options)
    elapsed_s = time.monotonic() - started
    logger.info("loaded %s:%d in %.3f s", stored.name, stored.version, elapsed_s)
    metrics = tuple(sorted(stored.manifest.metrics.items()))
    tokenizer = stored.tokenizer() if stored.has_tokenizer() else None
    return LoadedModel(info, metrics, worker, tokenizer)
