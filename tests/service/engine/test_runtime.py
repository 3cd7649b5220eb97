"""Rows must not depend on their batch; models that break that are run one row at a time."""

import numpy as np
import pytest

from service.engine.runtime import pad, rows_are_independent
from service.engine.stepping import join_rows, take_rows
from service.engine.tasks.text_classification.runtime import ClassifierRuntime
from service.engine.tasks.text_generation.runtime import GeneratorRuntime
from tests.graphs import classifier_graphs, generator_graph
from tests.models import (
    character_tokenizer,
    classifier_config,
    generator_config,
    word_tokenizer,
)

CELLS = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])


def sequences_of(count, longest, vocab_size=40, seed=0):
    rng = np.random.default_rng(seed)
    return [
        rng.integers(0, vocab_size, length).tolist()
        for length in rng.integers(1, longest + 1, count)
    ]


def classifier(**changes):
    config = classifier_config(word_tokenizer(), **changes)
    graphs = classifier_graphs(config)
    return ClassifierRuntime(config, graphs.model, head=graphs.head)


def generator(**changes):
    config = generator_config(character_tokenizer(), **changes)
    return GeneratorRuntime(config, generator_graph(config))


@CELLS
@pytest.mark.parametrize("config", [{}, {"num_layers": 2}, {"bidirectional": True}], ids=str)
def test_a_text_gets_the_same_bits_alone_and_in_any_batch(cell, config):
    runtime = classifier(cell=cell, **config)
    sequences = sequences_of(12, 40)
    alone = np.concatenate([runtime.probs([one]) for one in sequences])

    assert np.array_equal(runtime.probs(sequences), alone)
    assert np.array_equal(runtime.probs(sequences[3:7]), alone[3:7])


@CELLS
def test_a_generated_row_gets_the_same_bits_alone_and_in_any_batch(cell):
    runtime = generator(cell=cell, num_layers=2)
    sequences = sequences_of(9, 30)
    together = runtime.run(sequences, runtime.start_state(9))
    alone = [runtime.run([one], runtime.start_state(1)) for one in sequences]
    for _ in range(5):
        token_ids = together[0].argmax(axis=1)
        together = runtime.step(token_ids, together[1])
        alone = [runtime.step(token_ids[row : row + 1], one[1]) for row, one in enumerate(alone)]

    assert np.array_equal(together[0], np.concatenate([logits for logits, _ in alone]))
    for part, expected in zip(together[1], join_rows([state for _, state in alone]), strict=True):
        assert np.array_equal(part, expected)


def test_a_classifier_whose_rows_depend_on_their_batch_is_found_out_and_run_row_by_row():
    """The plain RNN operator is such a graph; here its configuration does not say so."""
    sizes = {"hidden_size": 64, "pooling": "last"}
    graph = classifier_graphs(classifier_config(word_tokenizer(), cell="rnn", **sizes))
    config = classifier_config(word_tokenizer(), cell="gru", **sizes)
    runtime = ClassifierRuntime(config, graph.model)
    sequences = sequences_of(12, 40)
    alone = np.concatenate([runtime.probs([one]) for one in sequences])
    assert not np.array_equal(runtime.probs(sequences), alone)

    runtime.settle_promise(sequences)

    assert np.array_equal(runtime.probs(sequences), alone)


def test_a_generator_whose_rows_depend_on_their_batch_is_found_out_and_run_row_by_row():
    graph = generator_graph(generator_config(character_tokenizer(), cell="rnn", hidden_size=64))
    config = generator_config(character_tokenizer(), cell="gru", hidden_size=64)
    runtime = GeneratorRuntime(config, graph)
    sequences = sequences_of(12, 40)
    alone = [runtime.run([one], runtime.start_state(1))[0] for one in sequences]
    assert not np.array_equal(
        runtime.run(sequences, runtime.start_state(12))[0], np.concatenate(alone)
    )

    runtime.settle_promise(sequences)

    alone = [runtime.run([one], runtime.start_state(1))[0] for one in sequences]
    assert np.array_equal(runtime.run(sequences, runtime.start_state(12))[0], np.concatenate(alone))


@pytest.mark.parametrize("runtime", [classifier(), generator()], ids=["classifier", "generator"])
def test_a_graph_that_keeps_the_promise_stays_batched(runtime, caplog):
    runtime.settle_promise(sequences_of(8, 30))

    assert runtime._is_batchable
    assert not caplog.records


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"cell": "lstm"}, True),
        ({"cell": "gru"}, True),
        ({"cell": "rnn"}, False),
        ({"cell": "lstm", "precision": "int8"}, False),
    ],
    ids=str,
)
def test_rnn_and_int8_rows_are_never_batched(config, expected):
    assert rows_are_independent(classifier_config(word_tokenizer(), **config)) is expected


@pytest.mark.parametrize("pooling", ["concat", "last"])
def test_the_end_of_a_trajectory_is_the_answer_and_its_beginnings_are_those_of_shorter_texts(
    pooling,
):
    runtime = classifier(pooling=pooling, num_layers=2)
    token_ids = sequences_of(1, 30, seed=3)[0]

    trajectory = runtime.trajectory(token_ids)

    shorter = [token_ids[: place + 1] for place in range(len(token_ids))]
    np.testing.assert_allclose(trajectory, runtime.probs(shorter), atol=1e-5)


def test_a_bidirectional_model_has_no_trajectory():
    with pytest.raises(ValueError, match="bidirectional"):
        classifier(bidirectional=True).trajectory([1, 2])


def test_reading_a_prompt_at_once_is_reading_it_token_by_token():
    runtime = generator(num_layers=2)
    token_ids = [5, 9, 30, 7]
    state = runtime.start_state(1)
    for token_id in token_ids:
        logits, state = runtime.step(np.array([token_id]), state)

    at_once, _ = runtime.run([token_ids], runtime.start_state(1))

    np.testing.assert_allclose(at_once, logits, atol=1e-5)


def test_a_step_does_not_change_the_state_that_it_was_given():
    runtime = generator()
    state = runtime.start_state(2)

    runtime.step(np.array([5, 6]), state)

    assert not any(part.any() for part in state)


def test_padding_is_after_the_text():
    token_ids, lengths = pad([[1], [2, 3, 4]])

    assert token_ids.tolist() == [[1, 0, 0], [2, 3, 4]]
    assert lengths.tolist() == [1, 3]


def test_rows_of_a_state_are_taken_and_joined_as_whole_arrays():
    state = (np.arange(12.0).reshape(2, 3, 2),)

    parts = [take_rows(state, np.array([row])) for row in (0, 1, 2)]

    assert np.array_equal(join_rows(parts)[0], state[0])
    assert all(part[0].flags.c_contiguous for part in parts)
    assert take_rows(state, np.array([2, 0]))[0].tolist() == state[0][:, [2, 0]].tolist()
