"""Text generation: a prompt in, one token after the other out."""

from collections.abc import Sequence
from functools import partial

from model_store import GeneratorConfig, StoredVersion, TextCase
from service.engine.continuous_batching import Generator, make_generator
from service.engine.gates.inside import Inside
from service.engine.generation_handle import Source
from service.engine.options import EngineOptions
from service.engine.proving import golden_cases, probes, prove, read_if_listed
from service.engine.running_batch import never_drawn
from service.engine.runtime import WEIGHTS
from service.engine.sealing import Sealer
from service.engine.task import EngineTask
from service.engine.tasks.text_generation.carrying import CarriedStates
from service.engine.tasks.text_generation.inside import GeneratorInside
from service.engine.tasks.text_generation.prompting import PromptBuilder
from service.engine.tasks.text_generation.runtime import GeneratorRuntime
from service.engine.token_sampler import log_softmax
from service.engine.types import ModelInfo

MODEL = "model.onnx"


def load(stored: StoredVersion, options: EngineOptions) -> tuple[ModelInfo, Generator]:
    """Open and prove a version; see `EngineTask`."""
    config = stored.config
    assert isinstance(config, GeneratorConfig)
    weights = read_if_listed(stored, WEIGHTS)
    runtime = GeneratorRuntime(config, stored.read(MODEL), weights=weights)
    cases = golden_cases(stored, TextCase)
    prove(cases, lambda case: _next_log_probs(runtime, case.token_ids))
    runtime.settle_promise([*(case.token_ids for case in cases), *probes(config.vocab_size)])
    tokenizer = stored.tokenizer()
    source = Source.of(stored.name, stored.version, tokenizer)
    states = CarriedStates(
        Sealer.of(stored, options.signing_key), runtime.start_state(1), config.vocab_size
    )
    weights_of = partial(read_if_listed, stored, WEIGHTS)
    prompts = PromptBuilder(
        source,
        config,
        tokenizer=tokenizer,
        options=options,
        states=states,
        inside=GeneratorInside(
            Inside.of(config, weights_of), source.tokens, never_drawn(tokenizer, config.eos_id)
        ),
    )
    info = ModelInfo(
        stored.name,
        stored.version,
        config.task,
        TASK.verb,
        stored.manifest.created,
        config.vocab_size,
        max_prompt_tokens=config.max_prompt_tokens,
        max_tokens=config.max_tokens,
        prompts=config.prompts,
        sampling=config.sampling.model_dump(),
    )
    return info, make_generator(prompts, runtime, config, tokenizer=tokenizer, options=options)


def _next_log_probs(runtime: GeneratorRuntime, token_ids: Sequence[int]) -> list[float]:
    logits, _ = runtime.run([token_ids], runtime.start_state(1))
    outputs: list[float] = log_softmax(logits)[0].tolist()
    return outputs


TASK = EngineTask("text-generation", "generate", "writes texts", load)
TASKS = (TASK,)
