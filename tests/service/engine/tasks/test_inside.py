"""The inside that the engine tells of stored models: its states are those of the served graphs."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load

from model_store import ClassifierConfig, GeneratorConfig, RecurrentConfig, StoreReader
from model_store.config import INT8_WEIGHTS
from model_store.eight_bit.text_classification import open_text_classifier
from model_store.eight_bit.text_generation import open_language_model
from model_store.safetensors_file import open_tensors
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from service.engine.proving import read_if_listed
from service.engine.requests.classify import ClassifyRequest
from service.engine.requests.gates import GatesAsk
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.runtime import WEIGHTS, open_session, pad
from service.engine.tasks.text_generation.runtime import GeneratorRuntime
from service.settings import Settings
from tests.models import publish_classifier, publish_generator

STORE = Settings().store_dir
HELD = set(StoreReader(STORE).names())
TOLERANCE = 1e-5
ALL = GatesAsk("all", is_packed=True)
FILM = (
    "One of those rare films that made me laugh, then cry, and then call my mother. The plot is a "
    "bit of a mess, but it finds its heart. "
) * 12
VERSE = (
    "ROMEO:\nBut, soft! what light through yonder window breaks?\nIt is the east, and Juliet is "
    "the sun.\n"
) * 2
CELLS = ("rnn", "lstm", "gru")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    root = tmp_path_factory.mktemp("tiny")
    for cell in CELLS:
        publish_classifier(root, cell, cell=cell, num_layers=2, dense_dims=())
        publish_classifier(root, f"both-{cell}", cell=cell, num_layers=2, bidirectional=True)
        publish_generator(root, f"writes-{cell}", cell=cell, num_layers=2)
    return root


def started(root):
    engine = Engine(EngineOptions(store_dir=root, max_queue_size=64))
    engine.start()
    return engine


@pytest.fixture(scope="module")
def shipped():
    engine = started(STORE)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def engine(tiny):
    engine = started(tiny)
    yield engine
    engine.close()


def read(engine, model, text, ask=ALL, **changes):
    request = ClassifyRequest((text,), model, explain="gates", gates=ask, **changes)
    return engine.answer(request).results[0]


def write(engine, model, prompt, ask=ALL, max_tokens=0, **changes):
    sampling = Sampling(max_tokens=max_tokens, seed=3, temperature=1.0, logprobs=5)
    request = GenerateRequest(prompt, sampling, model, gates=ask, **changes)
    return engine.answer(request).result()[0]


def told(gates, layer, name="hidden", direction="forward"):
    """Return a quantity of all units, (tokens, hidden_size)."""
    [own] = [one for one in gates.layers if (one.layer, one.direction) == (layer, direction)]
    return np.frombuffer(own.whole[name].values, "<f4").reshape(-1, gates.hidden_size)


def served_states(root, model, token_ids):
    """Return the last layer's states after each token, of the graph or of the 8-bit engine."""
    stored = StoreReader(root).open(model)
    assert isinstance(stored.config, ClassifierConfig)
    if stored.config.precision == "int8":
        tensors = open_tensors(stored.map(INT8_WEIGHTS))
        classifier = open_text_classifier(stored.config, tensors)
        states, standing = [], classifier.start(1)
        for token_id in token_ids:
            _, standing = classifier.read([[token_id]], standing)
            states.append(standing.arrays["hidden"][-1, 0, 0])
        return np.array(states)
    session = open_session(stored.read("model.onnx"), read_if_listed(stored, WEIGHTS))
    ids, lengths = pad([token_ids])
    return session.run(["hidden_states"], {"token_ids": ids, "lengths": lengths})[0][0]


def runtime_of(stored, config):
    if config.precision == "int8":
        return open_language_model(config, open_tensors(stored.map(INT8_WEIGHTS)))
    weights = read_if_listed(stored, WEIGHTS)
    return GeneratorRuntime(config, stored.read("model.onnx"), weights=weights)


def assert_reads_as_served(engine, root, model, text):
    config = StoreReader(root).open(model).config
    assert isinstance(config, RecurrentConfig)
    last = config.num_layers - 1
    gates = read(engine, model, text, replace(ALL, layers=(last,))).gates
    expected = served_states(root, model, [token.token_id for token in gates.tokens])
    differences = np.abs(told(gates, last) - expected)
    assert differences.max() < TOLERANCE


def assert_writes_as_served(engine, root, model, prompt, max_tokens):
    """Hold the states of every layer, after each of some beginnings, against the graph's."""
    stored = StoreReader(root).open(model)
    assert isinstance(stored.config, GeneratorConfig)
    layers = [
        write(engine, model, prompt, replace(ALL, layers=(layer,)), max_tokens).gates
        for layer in range(stored.config.num_layers)
    ]
    token_ids = [token.token_id for token in layers[0].tokens]
    runtime = runtime_of(stored, stored.config)
    for end in {1, 2, 7, len(token_ids) // 2, len(token_ids)}:
        _, state = runtime.run([token_ids[:end]], runtime.start_state(1))
        for layer, gates in enumerate(layers):
            difference = np.abs(told(gates, layer)[end - 1] - state[0][layer, 0]).max()
            assert difference < TOLERANCE
            if gates.cell == "lstm":
                cell = told(gates, layer, "cell")[end - 1]
                np.testing.assert_allclose(cell, state[1][layer, 0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("model", ["sentiment", "sentiment-small"])
@pytest.mark.parametrize("text", ["good", FILM], ids=["a word", "as long as is read"])
def test_a_shipped_classifier_is_told_as_it_is_served(shipped, model, text):
    if model not in HELD:
        pytest.skip("this store does not hold it")
    assert_reads_as_served(shipped, STORE, model, text)


@pytest.mark.parametrize(
    ("model", "prompt"), [("shakespeare", VERSE), ("reviews", "positive"), ("names", "Polish")]
)
def test_a_shipped_generator_is_told_as_it_is_served(shipped, model, prompt):
    if model not in HELD:
        pytest.skip("this store does not hold it")
    assert_writes_as_served(shipped, STORE, model, prompt, max_tokens=60)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_is_told_as_it_is_served(engine, tiny, cell):
    assert_reads_as_served(engine, tiny, cell, "the film was not so good , and very long !")
    assert_writes_as_served(engine, tiny, f"writes-{cell}", "To be", max_tokens=20)


@pytest.mark.parametrize("cell", CELLS)
def test_a_network_that_reads_both_ways_ends_in_the_served_answer(engine, tiny, cell):
    """Its graph gives no states, but its answer is made of the last, greatest and mean ones."""
    result = read(engine, f"both-{cell}", "the film was not so good , and very long !")
    stored = StoreReader(tiny).open(f"both-{cell}")
    tensors = load(stored.read(WEIGHTS))
    ways = [told(result.gates, 1, direction=one) for one in ("forward", "backward")]
    states = np.concatenate(ways, axis=1)
    last = np.concatenate([ways[0][-1], ways[1][0]])
    pooled = np.concatenate([last, states.max(axis=0), states.mean(axis=0)])
    hidden = np.maximum(tensors["dense.0.weight"] @ pooled + tensors["dense.0.bias"], 0)
    logits = tensors["output.weight"] @ hidden + tensors["output.bias"]
    probs = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(probs, result.probs, atol=TOLERANCE)


def test_tokens_stand_at_their_places_in_the_text(engine):
    text = "A  GOOD film"
    tokens = read(engine, "lstm", text).gates.tokens
    assert [text[one.start : one.end] for one in tokens] == ["A", "GOOD", "film"]
    assert [one.text for one in tokens] == ["A", "GOOD", "film"]


def test_a_text_that_is_cut_is_told_as_far_as_it_is_read(engine):
    gates = read(engine, "lstm", "a good film it is", max_text_tokens=2).gates
    assert [one.text for one in gates.tokens] == ["a", "good"]
    assert all(len(layer.summaries["hidden"].mean) == 2 for layer in gates.layers)


def test_summaries_are_those_of_all_units(engine):
    gates = read(engine, "gru", "a good film").gates
    update, summary = told(gates, 0, "update"), gates.layers[0].summaries["update"]
    np.testing.assert_allclose(summary.mean, update.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(summary.norm, np.linalg.norm(update, axis=1), atol=1e-6)
    assert summary.near_zero == tuple((np.abs(update) < 0.1).mean(axis=1).tolist())
    assert summary.near_one == tuple((np.abs(update) > 0.9).mean(axis=1).tolist())


def test_top_are_the_eight_units_that_the_answer_owes_most_to(shipped):
    if "sentiment-small" not in HELD:
        pytest.skip("this store does not hold it")
    text = FILM[:300]
    everything = read(shipped, "sentiment-small", text).gates.layers[0]
    best = read(shipped, "sentiment-small", text, GatesAsk("top")).gates.layers[0]
    order = sorted(everything.units, key=lambda unit: -abs(everything.influence[unit]))
    assert list(best.units) == order[:8]
    assert best.influence == tuple(everything.influence[unit] for unit in best.units)


def test_chosen_units_and_layers_are_those_of_the_whole(engine):
    whole = read(engine, "lstm", "a good film").gates
    some = read(engine, "lstm", "a good film", GatesAsk((5, 2), (1,), is_packed=True)).gates
    [layer] = some.layers
    assert (layer.layer, layer.units) == (1, (5, 2))
    for name in ("forget", "cell"):
        got = np.frombuffer(layer.whole[name].values, "<f4").reshape(-1, 2)
        assert np.array_equal(got, told(whole, 1, name)[:, [5, 2]])
    assert layer.influence == tuple(whole.layers[1].influence[unit] for unit in (5, 2))


def test_a_gate_is_made_of_the_sums_that_are_told(engine):
    for layer in read(engine, "lstm", "a good film").gates.layers:
        forget = layer.whole["forget"]
        parts = (forget.values, forget.from_input, forget.from_hidden)
        values, from_input, from_hidden = (np.frombuffer(part, "<f4") for part in parts)
        np.testing.assert_allclose(values, 1 / (1 + np.exp(-from_input - from_hidden)), atol=1e-6)
        assert layer.whole["cell"].from_input is None


def test_a_generator_tells_what_it_read_and_wrote_and_what_it_expected(engine):
    answer = write(engine, "writes-lstm", "To be", max_tokens=6)
    tokens = answer.gates.tokens
    assert "".join(one.text for one in tokens if one.is_written) == answer.text
    assert [one.text for one in tokens if not one.is_written] == ["<bos>", *"To be"]
    assert [one.is_special for one in tokens][:2] == [True, False]
    for before, entry in zip(tokens[5:], answer.logprobs, strict=False):
        expected = {text: np.exp(logprob) for text, logprob in entry.top}
        assert dict(before.expects) == pytest.approx(expected, abs=TOLERANCE)


def test_the_model_s_own_end_is_not_among_what_it_reads(engine):
    for seed in range(40):
        sampling = Sampling(max_tokens=200, seed=seed, logprobs=0)
        request = GenerateRequest("a", sampling, "writes-gru", gates=GatesAsk())
        answer = engine.answer(request).result()[0]
        if answer.has_eos:
            break
    assert answer.has_eos
    assert sum(one.is_written for one in answer.gates.tokens) == answer.num_tokens - 1


@pytest.mark.parametrize("cell", CELLS)
def test_what_goes_on_from_a_state_is_told_from_there(engine, cell):
    model = f"writes-{cell}"
    first = write(engine, model, "To be", returns_state=True)
    rest = write(engine, model, " or not", state=first.state).gates
    whole = write(engine, model, "To be or not").gates
    assert [one.text for one in rest.tokens] == list(" or not")
    for layer in range(2):
        difference = told(rest, layer) - told(whole, layer)[6:]
        assert np.abs(difference).max() < TOLERANCE


def test_a_state_with_nothing_after_it_has_nothing_to_tell(engine):
    state = write(engine, "writes-lstm", "To be", returns_state=True).state
    gates = write(engine, "writes-lstm", "", GatesAsk("top"), state=state).gates
    assert (gates.tokens, gates.layers[0].summaries["hidden"].mean) == ((), ())
