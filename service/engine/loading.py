"""From a stored version to something that answers: opened, proved, warmed up.

A version whose golden answers differ, or whose graph cannot run, is refused here and never seen
by a request. Knows one version at a time; which are served is `registry`'s matter.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from model_store import (
    TOLERANCE,
    ClassifierConfig,
    GeneratorConfig,
    StoredVersion,
    TextCase,
    Tokenizer,
)
from service.engine.activity import Workload
from service.engine.arrays import Floats
from service.engine.classifier import Classifier
from service.engine.continuous_batching import Generator
from service.engine.generation_handle import Source
from service.engine.memory import passing
from service.engine.options import EngineOptions
from service.engine.prompting import PromptBuilder
from service.engine.running_batch import RunningBatch
from service.engine.runtime import WEIGHTS, ClassifierRuntime, GeneratorRuntime
from service.engine.token_sampler import log_softmax
from service.engine.types import ModelInfo, Sampling

logger = logging.getLogger(__name__)

MODEL, HEAD = "model.onnx", "head.onnx"
LENGTHS = (1, 2, 7, 16, 33)  # of the sequences that are run alone and together


class Refused(Exception):
    """A version must not be served; the message says why."""


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class LoadedModel:
    """One version that answers requests.

    Args:
        info: What it takes.
        metrics: Figures from its manifest.
        worker: What answers.
    """

    info: ModelInfo
    metrics: tuple[tuple[str, float], ...]
    worker: Classifier | Generator

    @property
    def failure(self) -> str | None:
        """Why it answers no longer, or None."""
        return self.worker.failure if isinstance(self.worker, Generator) else None

    def workload(self) -> Workload:
        """Tell what it has to do and has done."""
        worker, info = self.worker, self.info
        return Workload(
            info.name, info.version, worker.num_waiting, worker.num_running, worker.tally
        )

    def close(self, patience_s: float | None = None) -> None:
        """Let go of it when its requests are answered (see `Generator.close`)."""
        self.worker.close(patience_s)


def load(stored: StoredVersion, options: EngineOptions) -> LoadedModel:
    """Open, prove and warm up one version.

    Raises:
        Refused: If its answers are not those of its exporter.
        StoreError: If its files cannot be read or are not what its manifest says.
        Exception: What ONNX Runtime raises for a graph that it cannot run.
    """
    started = time.monotonic()
    with passing():
        if isinstance(stored.config, ClassifierConfig):
            model = _load_classifier(stored, stored.config, options)
        else:
            model = _load_generator(stored, stored.config, options)
    elapsed_s = time.monotonic() - started
    logger.info("loaded %s:%d in %.3f s", stored.name, stored.version, elapsed_s)
    return model


def _load_classifier(
    stored: StoredVersion, config: ClassifierConfig, options: EngineOptions
) -> LoadedModel:
    head = _read_if_listed(stored, HEAD)
    weights = _read_if_listed(stored, WEIGHTS)
    runtime = ClassifierRuntime(config, stored.read(MODEL), head=head, weights=weights)
    cases = stored.golden().cases
    _prove(cases, lambda token_ids: runtime.probs([token_ids]))
    runtime.settle_promise([*(case.token_ids for case in cases), *_probes(config.vocab_size)])
    info = ModelInfo(
        stored.name,
        stored.version,
        config.task,
        stored.manifest.created,
        config.vocab_size,
        classes=config.labels,
        max_seq_len=config.max_seq_len,
        can_trace=head is not None,
    )
    worker = Classifier(runtime, config, tokenizer=stored.tokenizer(), options=options)
    return LoadedModel(info, _metrics(stored), worker)


def _load_generator(
    stored: StoredVersion, config: GeneratorConfig, options: EngineOptions
) -> LoadedModel:
    weights = _read_if_listed(stored, WEIGHTS)
    runtime = GeneratorRuntime(config, stored.read(MODEL), weights=weights)
    cases = stored.golden().cases
    _prove(cases, lambda token_ids: _next_log_probs(runtime, token_ids))
    runtime.settle_promise([*(case.token_ids for case in cases), *_probes(config.vocab_size)])
    tokenizer = stored.tokenizer()
    source = Source(stored.name, stored.version, tokenizer.token_bytes)
    banned = _never_drawn(tokenizer, config.eos_id)
    prompts = PromptBuilder(source, config, tokenizer=tokenizer, options=options)
    writer = RunningBatch(
        runtime, config, token_bytes=source.token_bytes, banned=banned, options=options
    )
    worker = Generator(prompts, writer, options.max_queue_size)
    info = ModelInfo(
        stored.name,
        stored.version,
        config.task,
        stored.manifest.created,
        config.vocab_size,
        max_prompt_tokens=config.max_prompt_tokens,
        max_tokens=config.max_tokens,
        prompts=config.prompts,
        sampling=Sampling(**config.sampling.model_dump()),
    )
    return LoadedModel(info, _metrics(stored), worker)


def _read_if_listed(stored: StoredVersion, filename: str) -> bytes | None:
    return stored.read(filename) if filename in stored.manifest.files else None


def _prove(cases: Sequence[TextCase], run: Callable[[list[int]], Floats]) -> None:
    """Run the golden inputs through `run`, which returns (1, outputs).

    Raises:
        Refused: If an answer is not the exporter's.
    """
    for case in cases:
        difference = case.difference(run(case.token_ids)[0].tolist())
        if difference > TOLERANCE:
            raise Refused(
                f"golden.json: the answer to {case.text[:40]!r} differs by {difference:.2g}, at "
                f"most {TOLERANCE:g} is allowed: export the model again"
            )


def _next_log_probs(runtime: GeneratorRuntime, token_ids: Sequence[int]) -> Floats:
    logits, _ = runtime.run([token_ids], runtime.start_state(1))
    return log_softmax(logits)


def _probes(vocab_size: int) -> list[list[int]]:
    """Return token sequences of many lengths, the same each time."""
    return [[(7 * place + length) % vocab_size for place in range(length)] for length in LENGTHS]


def _never_drawn(tokenizer: Tokenizer, eos_id: int | None) -> list[int]:
    """Return the special tokens, but for the one that ends an answer."""
    special = (tokenizer.pad_id, tokenizer.unk_id, tokenizer.bos_id, tokenizer.eos_id)
    return [token_id for token_id in special if token_id is not None and token_id != eos_id]


def _metrics(stored: StoredVersion) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(stored.manifest.metrics.items()))
