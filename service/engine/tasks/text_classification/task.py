"""Text classification: a text in, a probability for each label out."""

from model_store import ClassifierConfig, StoredVersion, TextCase
from service.engine.options import EngineOptions
from service.engine.proving import golden_cases, probes, prove, read_if_listed
from service.engine.runtime import WEIGHTS
from service.engine.task import EngineTask
from service.engine.tasks.text_classification.runtime import ClassifierRuntime
from service.engine.tasks.text_classification.worker import TextClassifier
from service.engine.types import ModelInfo, VersionId

MODEL, HEAD = "model.onnx", "head.onnx"


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
    return info, TextClassifier(version, runtime, config, tokenizer=tokenizer, options=options)


TASK = EngineTask("text-classification", "classify", "classifies texts", load)
TASKS = (TASK,)
