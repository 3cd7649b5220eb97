"""Translation: a text in, another text out, through a memory that is attended to."""

from model_store import StoredVersion, TextCase
from model_store.tasks.translation import TranslationConfig
from service.engine.continuous_batching import make_generator
from service.engine.generation_handle import Source
from service.engine.options import EngineOptions
from service.engine.proving import LENGTHS, golden_cases, probes, prove, read_if_listed
from service.engine.runtime import WEIGHTS
from service.engine.task import EngineTask
from service.engine.tasks.translation.prompting import SourceBuilder
from service.engine.tasks.translation.runtime import TranslatorRuntime
from service.engine.tasks.translation.worker import BeamSearcher, TranslationWorker
from service.engine.token_sampler import log_softmax
from service.engine.types import ModelInfo, VersionId

ENCODER, DECODER = "model.onnx", "decoder.onnx"


def load(stored: StoredVersion, options: EngineOptions) -> tuple[ModelInfo, TranslationWorker]:
    """Open and prove a version; see `EngineTask`."""
    config = stored.config
    assert isinstance(config, TranslationConfig)
    weights = read_if_listed(stored, WEIGHTS)
    runtime = TranslatorRuntime(config, stored.read(ENCODER), stored.read(DECODER), weights=weights)
    cases = golden_cases(stored, TextCase)
    prove(cases, lambda case: log_softmax(runtime.run([case.token_ids], ())[0])[0].tolist())
    drawn = [row[: config.max_source_tokens] for row in probes(config.vocab_size)]
    runtime.settle_promise([*(case.token_ids for case in cases), *drawn[: len(LENGTHS)]])
    return _info(stored, config), _worker(stored, config, runtime, options)


def _worker(
    stored: StoredVersion,
    config: TranslationConfig,
    runtime: TranslatorRuntime,
    options: EngineOptions,
) -> TranslationWorker:
    tokenizer = stored.tokenizer()
    source = Source.of(stored.name, stored.version, tokenizer)
    sources = SourceBuilder(source, config, tokenizer=tokenizer, options=options)
    return TranslationWorker(
        VersionId(stored.name, stored.version),
        sources,
        make_generator(sources, runtime, config, tokenizer=tokenizer, options=options),
        searcher=BeamSearcher(runtime, config, tokenizer=tokenizer, options=options),
        runtime=runtime,
        tokenizer=tokenizer,
    )


def _info(stored: StoredVersion, config: TranslationConfig) -> ModelInfo:
    return ModelInfo(
        stored.name,
        stored.version,
        config.task,
        TASK.verb,
        stored.manifest.created,
        config.vocab_size,
        max_prompt_tokens=config.max_source_tokens,
        max_tokens=config.max_tokens,
        facts={
            "source_language": config.source_language,
            "target_language": config.target_language,
        },
    )


TASK = EngineTask("translation", "translate", "translates texts", load)
TASKS = (TASK,)
