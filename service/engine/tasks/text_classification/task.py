"""Text classification: a text in, a probability for each label out."""

import logging
from functools import partial

from model_store import ClassifierConfig, StoredVersion, TextCase
from service.engine.gates.inside import Inside
from service.engine.options import EngineOptions
from service.engine.proving import golden_cases, probes, prove, read_if_listed
from service.engine.runtime import WEIGHTS, rows_are_independent
from service.engine.sealing import Sealer
from service.engine.task import EngineTask
from service.engine.tasks.text_classification.carrying import TextStates
from service.engine.tasks.text_classification.inside import ClassifierInside
from service.engine.tasks.text_classification.resume_runtime import ResumeRuntime
from service.engine.tasks.text_classification.runtime import ClassifierRuntime
from service.engine.tasks.text_classification.worker import TextClassifier
from service.engine.types import ModelInfo, VersionId

logger = logging.getLogger(__name__)

MODEL, HEAD, RESUME = "model.onnx", "head.onnx", "resume.onnx"


def load(stored: StoredVersion, options: EngineOptions) -> tuple[ModelInfo, TextClassifier]:
    """Open and prove a version; see `EngineTask`."""
    config = stored.config
    assert isinstance(config, ClassifierConfig)
    head = read_if_listed(stored, HEAD)
    weights = read_if_listed(stored, WEIGHTS)
    runtime = ClassifierRuntime(config, stored.read(MODEL), head=head, weights=weights)
    cases = golden_cases(stored, TextCase)
    prove(cases, lambda case: runtime.probs([case.token_ids])[0].tolist())
    runtime.settle_promise([*(case.token_ids for case in cases), *probes(config.vocab_size)])
    states, why_not = _states(stored, config, options, runtime=runtime)
    info = ModelInfo(
        stored.name,
        stored.version,
        config.task,
        TASK.verb,
        stored.manifest.created,
        config.vocab_size,
        classes=config.labels,
        max_seq_len=config.max_seq_len,
        can_trace=head is not None,
    )
    version = VersionId(stored.name, stored.version)
    tokenizer = stored.tokenizer()
    weights_of = partial(read_if_listed, stored, WEIGHTS)
    inside = Inside.of(config, weights_of, bidirectional=config.bidirectional)
    worker = TextClassifier(
        *(version, runtime, config),
        tokenizer=tokenizer,
        options=options,
        inside=ClassifierInside(inside, config),
        states=states,
        why_not=why_not,
    )
    return info, worker


def _states(
    stored: StoredVersion,
    config: ClassifierConfig,
    options: EngineOptions,
    *,
    runtime: ClassifierRuntime,
) -> tuple[TextStates | None, str]:
    """Return what makes and takes a version's states, or why it has none."""
    if config.bidirectional:
        return None, "this model reads in both directions, so it has no state before a text's end"
    if not rows_are_independent(config):
        return None, "this model's last bits change with where a text is cut, so it gives no state"
    graph = read_if_listed(stored, RESUME)
    if graph is None:
        return None, (
            f"{stored.name}:{stored.version} was published before models gave states (python -m "
            f"training.republish {stored.name} publishes it with them)"
        )
    resume = ResumeRuntime(config, graph, partial(read_if_listed, stored, WEIGHTS))
    if not resume.keeps_bits(probes(config.vocab_size), runtime.probs):
        logger.warning("answers change here with where a text is cut: no states are given")
        return None, "on this machine answers change with where a text is cut, so there is no state"
    return TextStates(Sealer.of(stored, options.signing_key), resume), ""


TASK = EngineTask("text-classification", "classify", "classifies texts", load)
TASKS = (TASK,)
