"""Every path that this machine has gives the bits that the equations in numpy give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurrent.engine import PLAIN, open_classifier, open_predictor, paths
from recurrent.native import NativeClassifier, NativePredictor
from tests.recurrent.nets import (
    begin,
    classify,
    predict,
    random_classifier,
    random_predictor,
    random_texts,
    start,
)

COMPILED = [path for path in paths() if path != PLAIN]
TABLES = st.sampled_from([0, 5_000, 1 << 20])  # of no token, of some, of all
CELLS = st.sampled_from(["rnn", "lstm", "gru"])

pytestmark = pytest.mark.skipif(not COMPILED, reason="nothing was compiled: make builds it")

sizes = st.fixed_dictionaries(
    {
        "num_layers": st.integers(1, 3),
        "hidden_size": st.sampled_from([1, 7, 16, 33, 80]),
        "embedding_dim": st.sampled_from([1, 5, 16, 40]),
        "seed": st.integers(0, 1000),
        "spread": st.sampled_from([0.1, 1.0, 8.0]),
    }
)


@settings(deadline=None, max_examples=60)
@given(CELLS, sizes, st.integers(1, 2), st.integers(0, 4), st.booleans(), st.integers(1, 9), TABLES)
def test_a_classifier_has_the_same_bits_on_every_path(
    cell, size, num_directions, ngrams, is_concat, rows, table_bytes
):
    classifier = random_classifier(
        cell,
        **size,
        num_directions=num_directions,
        ngrams=ngrams,
        is_concat=is_concat,
        num_classes=2 + size["seed"] % 20,
        dense_dims=(5, 70)[: size["seed"] % 3],
    )
    texts = random_texts(rows, longest=1 + size["seed"] % 90, seed=size["seed"])

    expected = classify(open_classifier(classifier, PLAIN), classifier, texts)

    for path in COMPILED:
        got = classify(NativeClassifier(classifier, path, table_bytes), classifier, texts)
        assert got.tobytes() == expected.tobytes(), path


@settings(deadline=None, max_examples=40)
@given(CELLS, sizes, st.booleans(), st.integers(1, 9), st.booleans(), TABLES)
def test_a_language_model_has_the_same_bits_on_every_path(
    cell, size, is_tied, rows, is_each, table_bytes
):
    if is_tied:
        size = size | {"embedding_dim": size["hidden_size"]}
    network = random_predictor(cell, **size, is_tied=is_tied)
    texts = random_texts(1 if is_each else rows, longest=40, seed=size["seed"])

    expected = predict(open_predictor(network, PLAIN), network, texts, is_each=is_each)

    for path in COMPILED:
        engine = NativePredictor(network, path, table_bytes)
        got = predict(engine, network, texts, is_each=is_each)
        assert [part.tobytes() for part in got] == [part.tobytes() for part in expected], path


@pytest.mark.parametrize("path", COMPILED)
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_text_has_the_same_bits_in_every_batch(cell, path):
    classifier = random_classifier(cell, num_layers=2, hidden_size=48, ngrams=3, dense_dims=(8,))
    engine = open_classifier(classifier, path)
    texts = random_texts(70, longest=60)

    together = classify(engine, classifier, texts)

    alone = np.concatenate([classify(engine, classifier, [text]) for text in texts])
    few = np.concatenate(
        [classify(engine, classifier, texts[at : at + 3]) for at in range(0, 70, 3)]
    )
    assert together.tobytes() == alone.tobytes() == few.tobytes()


@pytest.mark.parametrize("path", COMPILED)
def test_answers_after_each_token_are_those_of_the_beginnings(path):
    classifier = random_classifier("gru", hidden_size=24, ngrams=2, is_concat=True)
    engine = open_classifier(classifier, path)
    (text,) = random_texts(1, longest=30, seed=4)
    temperatures = np.linspace(0.5, 2, len(text)).astype(np.float32)

    each = classify(engine, classifier, [text], is_each=True)

    for stop in range(1, len(text) + 1):
        batch, _ = begin(classifier.network, [text[:stop]])
        started = start(classifier, 1, temperatures[stop - 1 : stop], is_each=False)
        engine.classify(batch, started)
        assert started.probs[0].tobytes() == each[stop - 1].tobytes()
