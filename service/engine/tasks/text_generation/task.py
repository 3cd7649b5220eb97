"""Text generation: a prompt in, one token after the other out."""

from collections.abc import Sequence
from functools import partial

from model_store import GeneratorConfig, StoredVersion, TextCase
from model_store.eight_bit.text_generation import open_language_model
from model_store.eight_bit_form import in_8_bits
from service.engine.arrays import Floats
from service.engine.continuous_batching import Generator, make_generator
from service.engine.gates.inside import Inside
from service.engine.generation_handle import Source
from service.engine.options import EngineOptions
from service.engine.proving import EXACTLY, golden_cases, probes, prove, read_if_listed
from service.engine.running_batch import never_drawn
from service.engine.runtime import WEIGHTS
from service.engine.sealing import Sealer
from service.engine.stepping import StepGraph
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
    runtime = _open_proved(stored, config, options)
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


def _open_proved(
    stored: StoredVersion, config: GeneratorConfig, options: EngineOptions
) -> StepGraph:
    """Return what runs a version: the recurrent engine in 8 bits, or ONNX Runtime in floats.

    The golden answers of an 8-bit version are logits, since log probabilities have not the same
    last digit everywhere.
    """
    cases = golden_cases(stored, TextCase)
    if config.precision == "int8":
        with in_8_bits(stored) as tensors:
            model = open_language_model(config, tensors, options.instruction_set)
        prove(cases, lambda case: _logits(model, case.token_ids)[0].tolist(), at_most=EXACTLY)
        return model
    weights = read_if_listed(stored, WEIGHTS)
    runtime = GeneratorRuntime(config, stored.read(MODEL), weights=weights)
    prove(cases, lambda case: log_softmax(_logits(runtime, case.token_ids))[0].tolist())
    runtime.settle_promise([*(case.token_ids for case in cases), *probes(config.vocab_size)])
    return runtime


def _logits(runtime: StepGraph, token_ids: Sequence[int]) -> Floats:
    return runtime.run([token_ids], runtime.start_state(1))[0]


TASK = EngineTask("text-generation", "generate", "writes texts", load)
TASKS = (TASK,)
