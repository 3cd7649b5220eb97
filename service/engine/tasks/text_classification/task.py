"""Text classification: a text in, a probability for each label out."""

from functools import partial

from model_store import ClassifierConfig, StoredVersion
from service.engine.gates.inside import Inside
from service.engine.options import EngineOptions
from service.engine.proving import read_if_listed
from service.engine.runtime import WEIGHTS
from service.engine.sealing import Sealer
from service.engine.task import EngineTask
from service.engine.tasks.text_classification.carrying import TextStates
from service.engine.tasks.text_classification.inside import ClassifierInside
from service.engine.tasks.text_classification.opening import open_proved
from service.engine.tasks.text_classification.worker import TextClassifier
from service.engine.types import ModelInfo, VersionId


def load(stored: StoredVersion, options: EngineOptions) -> tuple[ModelInfo, TextClassifier]:
    """Open and prove a version; see `EngineTask`."""
    config = stored.config
    assert isinstance(config, ClassifierConfig)
    opened = open_proved(stored, config, options)
    states = None
    if opened.reader is not None:
        states = TextStates(Sealer.of(stored, options.signing_key), opened.reader)
    info = ModelInfo(
        stored.name,
        stored.version,
        config.task,
        TASK.verb,
        stored.manifest.created,
        config.vocab_size,
        classes=config.labels,
        max_seq_len=config.max_seq_len,
        can_trace=opened.can_trace,
    )
    version = VersionId(stored.name, stored.version)
    tokenizer = stored.tokenizer()
    weights_of = partial(read_if_listed, stored, WEIGHTS)
    inside = Inside.of(
        config,
        weights_of,
        bidirectional=config.bidirectional,
        has_other_layers=config.pooling == "other",
    )
    worker = TextClassifier(
        *(version, opened.runtime, config),
        tokenizer=tokenizer,
        options=options,
        inside=ClassifierInside(inside, config),
        states=states,
        why_not=opened.why_not,
    )
    return info, worker


TASK = EngineTask("text-classification", "classify", "classifies texts", load)
TASKS = (TASK,)
