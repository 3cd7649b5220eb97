"""Image captioning: an image's numbers in, one token after the other out."""

from collections.abc import Callable

import numpy as np

from model_store import NumbersCase, StoredVersion
from model_store.tasks.image_captioning import CaptionerConfig
from service.engine.arrays import Floats
from service.engine.continuous_batching import Generator, make_generator
from service.engine.generation_handle import Generation, Source
from service.engine.numbers import to_array
from service.engine.options import EngineOptions
from service.engine.proving import golden_cases, prove, read_if_listed
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.running_batch import GenerationPrompt
from service.engine.runtime import WEIGHTS
from service.engine.sampling_params import resolve_sampling
from service.engine.scheduler import Prompt
from service.engine.task import EngineTask
from service.engine.tasks.image_captioning.runtime import CaptionerRuntime
from service.engine.token_sampler import log_softmax
from service.engine.types import ModelInfo
from service.errors import InvalidInput

READER, DECODER = "model.onnx", "decoder.onnx"


class ImageBuilder:
    """Makes of an image what the engine works on, for one version of one captioner."""

    def __init__(self, source: Source, config: CaptionerConfig, options: EngineOptions) -> None:
        """Remember what images are checked against."""
        self._source = source
        self._config = config
        self._options = options

    def build(
        self, request: GenerateRequest, on_change: Callable[[Generation], None]
    ) -> GenerationPrompt:
        """Check a request; raises `InvalidInput`."""
        config = self._config
        if request.prompt or not request.numbers or request.echo:
            raise InvalidInput(
                f"this model writes about an image: send its {config.num_features} numbers as "
                "`input`, and no `prompt`",
                param="input",
            )
        if request.state is not None or request.returns_state:
            param = "state" if request.state is not None else "return_state"
            raise InvalidInput(
                f"this model writes about an image, and has no state to go on from: leave out "
                f"`{param}`",
                param=param,
            )
        if request.gates is not None:
            raise InvalidInput(
                "`explain` is for models that continue a text: leave it out, or name one",
                param="explain",
            )
        params = resolve_sampling(request.sampling, config, self._options)
        array = to_array(request.numbers, config.input_shape, max_rows=1, param="input")
        generation = Generation(
            self._source, params, prompt_tokens=1, deadline=request.deadline, on_change=on_change
        )
        return Prompt(generation, [array[0]], params.n, 1)

    def smallest(self, deadline: float) -> GenerateRequest:
        """Return a request as small as can be: two tokens, since the first comes of the image."""
        small = Sampling(max_tokens=min(2, self._config.max_tokens), temperature=0.0, seed=0)
        blank = (0.0,) * self._config.num_features
        return GenerateRequest("", small, numbers=blank, deadline=deadline)


def load(stored: StoredVersion, options: EngineOptions) -> tuple[ModelInfo, Generator]:
    """Open and prove a version; see `EngineTask`."""
    config = stored.config
    assert isinstance(config, CaptionerConfig)
    weights = read_if_listed(stored, WEIGHTS)
    runtime = CaptionerRuntime(config, stored.read(READER), stored.read(DECODER), weights=weights)
    cases = golden_cases(stored, NumbersCase)
    prove(cases, lambda case: _first_log_probs(runtime, np.array(case.rows[0], np.float32)))
    drawn = np.random.default_rng(0).normal(size=(5, config.num_features)).astype(np.float32)
    runtime.settle_promise(list(drawn))
    tokenizer = stored.tokenizer()
    source = Source.of(stored.name, stored.version, tokenizer)
    info = ModelInfo(
        stored.name,
        stored.version,
        config.task,
        TASK.verb,
        stored.manifest.created,
        config.vocab_size,
        max_tokens=config.max_tokens,
        sampling=config.sampling.model_dump(),
        input_shape=config.input_shape,
    )
    images = ImageBuilder(source, config, options)
    return info, make_generator(images, runtime, config, tokenizer=tokenizer, options=options)


def _first_log_probs(runtime: CaptionerRuntime, image: Floats) -> list[float]:
    outputs: list[float] = log_softmax(runtime.run([[image]], ())[0])[0].tolist()
    return outputs


TASK = EngineTask("image-captioning", "generate", "writes about images", load)
TASKS = (TASK,)
