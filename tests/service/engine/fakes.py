"""Models that can be worked out by hand, and that fail when told to."""

import threading
import time
from pathlib import Path

import numpy as np

from model_store import GeneratorConfig, SamplingDefaults
from service.engine.continuous_batching import Generator
from service.engine.gates.inside import Inside
from service.engine.gates.network import Shape
from service.engine.generation_handle import Source
from service.engine.options import EngineOptions
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.running_batch import RunningBatch
from service.engine.sealing import Sealer
from service.engine.tasks.text_generation.carrying import CarriedStates
from service.engine.tasks.text_generation.inside import GeneratorInside
from service.engine.tasks.text_generation.prompting import PromptBuilder
from service.engine.types import VersionId
from tests.models import character_tokenizer

PATIENCE_S = 30
BAD_WORD_ID = 43  # the last of the word vocabulary
BAD_CHARACTER_ID = 68  # the last of the characters
NO_WEIGHTS = Inside(Shape("lstm", 1, 1), lambda: None)
"""The inside of a version that cannot tell it."""


class FakeClassifierGraph:
    """Says "positive" with the share of even token ids; fails on a bad word.

    Args:
        on_run: Called with the sequences of each batch, before it runs.
    """

    def __init__(self, on_run=lambda sequences: None):
        self.on_run = on_run
        self.batches: list[list[list[int]]] = []

    def probs(self, sequences):
        self.on_run(sequences)
        self.batches.append([list(sequence) for sequence in sequences])
        if any(BAD_WORD_ID in sequence for sequence in sequences):
            raise RuntimeError("poisoned")
        positive = [sum(token % 2 == 0 for token in one) / len(one) for one in sequences]
        return np.array([[1 - share, share] for share in positive], np.float32)

    has_head = True

    def trajectory(self, token_ids):
        return np.concatenate(
            [self.probs([token_ids[: place + 1]]) for place in range(len(token_ids))]
        )


class FakeGeneratorGraph:
    """Always continues with the next character of the vocabulary, from 4 up; fails on a bad one.

    Args:
        vocab_size: Tokens.
        on_step: Called with the number of rows, before each step.
    """

    def __init__(self, vocab_size, on_step=lambda rows: None):
        self.vocab_size = vocab_size
        self.on_step = on_step
        self.steps: list[int] = []
        self.prefills: list[list[int]] = []

    def start_state(self, rows):
        return (np.zeros((1, rows, 1), np.float32),)

    def run(self, sequences, state):
        self.prefills.append([len(sequence) for sequence in sequences])
        return self._answer([sequence[-1] for sequence in sequences], sequences, state)

    def step(self, token_ids, state):
        self.on_step(len(token_ids))
        self.steps.append(len(token_ids))
        last = token_ids.tolist()
        return self._answer(last, [[token] for token in last], state)

    def _answer(self, last, sequences, state):
        if any(BAD_CHARACTER_ID in sequence for sequence in sequences):
            raise RuntimeError("poisoned")
        logits = np.zeros((len(last), self.vocab_size), np.float32)
        for row, token in enumerate(last):
            following = token + 1 if 4 <= token < self.vocab_size - 1 else 4
            logits[row, following] = 50.0
        counts = np.array([len(sequence) for sequence in sequences], np.float32)
        return logits, (state[0] + counts[None, :, None],)


def fake_generator(graph=None, **changes):
    """A generator around a fake graph, whose characters are those of `character_tokenizer`."""
    tokenizer = character_tokenizer()
    config = GeneratorConfig(
        cell="lstm",
        vocab_size=tokenizer.vocab_size,
        embedding_dim=1,
        hidden_size=1,
        num_layers=1,
        bos_id=2,
        max_prompt_tokens=200,
        max_tokens=1000,
        sampling=SamplingDefaults(max_tokens=8, temperature=0.0),
    )
    options = EngineOptions(store_dir=Path("unused"), **changes)
    source = Source.of("fake", 1, tokenizer)
    graph = graph or FakeGeneratorGraph(config.vocab_size)
    writer = RunningBatch(
        graph, config, token_bytes=source.tokens.data, banned=(0, 1, 2, 3), options=options
    )
    sealer = Sealer(b"k" * 32, VersionId("fake", 1), "00" * 32)
    states = CarriedStates(sealer, graph.start_state(1), config.vocab_size)
    prompts = PromptBuilder(
        *(source, config),
        tokenizer=tokenizer,
        options=options,
        states=states,
        inside=GeneratorInside(NO_WEIGHTS, source.tokens),
    )
    return Generator(prompts, writer, options.max_queue_size)


class Stepper:
    """Lets a fake graph make its steps one by one; `free` lets all others through."""

    def __init__(self):
        self._allowed = threading.Semaphore(0)
        self._is_free = False

    def __call__(self, rows):
        if not self._is_free:
            assert self._allowed.acquire(timeout=PATIENCE_S)

    def let(self, count):
        self._allowed.release(count)

    def free(self):
        self._is_free = True
        self._allowed.release()


def ask(generator, prompt="e", *, deadline=None, echo=False, **sampling):
    request = GenerateRequest(prompt, Sampling(**sampling), echo=echo, deadline=deadline)
    return generator.generate(request)


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
