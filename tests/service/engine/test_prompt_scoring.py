"""Scoring prompts in stretches, side by side, gives the bits of stepping each alone."""

import numpy as np
import pytest

from model_store import GeneratorConfig, StoreReader
from service.engine.prompt_scoring import SCORED_CHUNK, score, step_through
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.tasks.text_generation.runtime import GeneratorRuntime
from tests.graphs import generator_graph
from tests.models import CHARACTERS, character_tokenizer, generator_config
from tests.service.engine.fakes import BAD_CHARACTER_ID, FakeGeneratorGraph

CELLS = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
VOCAB_SIZE = len(CHARACTERS) + 4
EDGES = (0, 1, 2, SCORED_CHUNK - 1, SCORED_CHUNK, SCORED_CHUNK + 1, 2 * SCORED_CHUNK + 7)


def runtime_of(cell):
    config = generator_config(character_tokenizer(), cell=cell, num_layers=2)
    return GeneratorRuntime(config, generator_graph(config))


def chunks_of(*lengths):
    rng = np.random.default_rng(3)
    return [rng.integers(4, VOCAB_SIZE - 1, length).tolist() for length in lengths]


def stepped(runtime, chunk, state):
    """Logits after each token, one by one."""
    rows = []
    for token in chunk:
        logits, state = runtime.run([[token]], state)
        rows.append(logits[0])
    return np.stack(rows), state


@CELLS
def test_rows_side_by_side_have_the_bits_that_they_have_alone(cell):
    runtime, chunks = runtime_of(cell), chunks_of(3, 9, 1, 9, 5)
    start = runtime.start_state(len(chunks))

    steps, state = step_through(runtime, chunks, start, vocab_size=VOCAB_SIZE)

    for row, chunk in enumerate(chunks):
        logits, end = stepped(runtime, chunk, runtime.start_state(1))
        assert np.array_equal(steps[row], logits)
        for part, own in zip(state, end, strict=True):
            assert np.array_equal(part[:, row : row + 1], own)


def test_a_row_on_which_the_model_fails_is_told_by_all_its_logits():
    graph = FakeGeneratorGraph(VOCAB_SIZE)
    chunks = [[5, 6, 7], [5, BAD_CHARACTER_ID, 7, 8]]

    steps, _ = step_through(graph, chunks, graph.start_state(2), vocab_size=VOCAB_SIZE)

    assert np.isfinite(steps[0]).all()
    assert np.isnan(steps[1]).all()


def test_a_score_is_the_natural_log_of_the_probability():
    logits = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]], np.float32))

    first, second = score(logits, [1, 0], 1)

    assert first.chosen == pytest.approx(np.log(0.2), abs=1e-6)
    assert first.top[0][0] == 2
    assert first.top[0][1] == pytest.approx(np.log(0.7), abs=1e-6)
    assert second.chosen == second.top[0][1] == pytest.approx(np.log(0.5), abs=1e-6)


@pytest.mark.parametrize("model", ["shakespeare", "gru", "rnn"])
def test_echoed_prompts_of_any_length_have_the_scores_of_the_stored_model(engine, store_dir, model):
    """Asked at the same time, and scored here token by token from the version's own graph."""
    stored = StoreReader(store_dir).open(model)
    config = stored.config
    assert isinstance(config, GeneratorConfig)
    runtime = GeneratorRuntime(config, stored.read("model.onnx"))
    chunks = chunks_of(*EDGES)
    sampling = Sampling(max_tokens=1, temperature=0.0, logprobs=2, seed=0)
    generations = [
        engine.answer(GenerateRequest(tuple(chunk), sampling, model, echo=True)) for chunk in chunks
    ]
    for chunk, generation in zip(chunks, generations, strict=True):
        [answer] = generation.result()
        told = [one.logprob for one in answer.logprobs[: len(chunk)]]
        assert told[:1] == [None][: len(chunk)]
        if len(chunk) > 1:
            tokens = [config.bos_id, *chunk[:-1]]
            logits, _ = stepped(runtime, tokens, runtime.start_state(1))
            assert told[1:] == [one.chosen for one in score(logits[1:], chunk[1:], 2)]
