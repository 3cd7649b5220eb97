"""Classification of numbers: sequences of rows, or inputs of a fixed size."""

import numpy as np

from model_store import NumbersCase, StoredVersion
from model_store.tasks.sequence_classification import SequenceClassifierConfig
from model_store.tasks.vector_classification import VectorClassifierConfig
from service.engine.arrays import Floats
from service.engine.options import EngineOptions
from service.engine.proving import LENGTHS, golden_cases, prove, read_if_listed
from service.engine.runtime import WEIGHTS
from service.engine.task import EngineTask
from service.engine.tasks.number_classification.runtime import NumberRuntime
from service.engine.tasks.number_classification.worker import NumberClassifier
from service.engine.types import ModelInfo

MODEL = "model.onnx"
VERB = "classify"


def load(stored: StoredVersion, options: EngineOptions) -> tuple[ModelInfo, NumberClassifier]:
    """Open and prove a version; see `EngineTask`."""
    config = stored.config
    assert isinstance(config, SequenceClassifierConfig | VectorClassifierConfig)
    weights = read_if_listed(stored, WEIGHTS)
    runtime = NumberRuntime(config, stored.read(MODEL), weights=weights)
    cases = golden_cases(stored, NumbersCase)
    prove(cases, lambda case: runtime.probs([np.array(case.rows, np.float32)])[0].tolist())
    runtime.settle_promise(_probes(config.num_features, config.max_seq_len))
    info = ModelInfo(
        stored.name,
        stored.version,
        config.task,
        VERB,
        stored.manifest.created,
        classes=config.labels,
        max_seq_len=config.max_seq_len,
        input_shape=config.input_shape,
    )
    return info, NumberClassifier(info, runtime, options)


def _probes(num_features: int, max_rows: int) -> list[Floats]:
    """Return inputs of many lengths, the same each time."""
    generator = np.random.default_rng(0)
    lengths = [min(length, max_rows) for length in LENGTHS]
    return [generator.normal(size=(n, num_features)).astype(np.float32) for n in lengths]


TASKS = (
    EngineTask("sequence-classification", VERB, "classifies sequences of numbers", load),
    EngineTask("vector-classification", VERB, "classifies numbers of a fixed size", load),
)
