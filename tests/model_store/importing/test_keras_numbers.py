"""Keras networks over numbers become models for numbers, masks and all."""

import numpy as np
import pytest

from model_store import Store
from model_store.__main__ import main
from tests.model_store.importing.architectures import probabilities, randomized

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]
LENGTHS = (1, 2, 5, 9)


@pytest.fixture
def import_it(shared_store, tmp_path):
    """Saves and imports a model; returns its version."""

    def run(model, *flags):
        model.save(tmp_path / "model.keras")
        given = [str(tmp_path / "model.keras"), "--name", "mine", *flags]
        assert main(["--store", str(shared_store), "import", *given]) == 0
        return Store(shared_store).versions("mine")[-1]

    return run


def networks(keras):
    layers = keras.layers
    gru = {"return_sequences": True}
    return {
        "plain": [layers.GRU(4), layers.Dense(3, activation="softmax")],
        "both ways": [
            layers.Bidirectional(layers.LSTM(3, **gru), merge_mode="ave"),
            layers.LayerNormalization(),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ],
        "masked": [
            layers.Masking(-1.0),
            layers.LSTM(4, **gru),
            layers.Bidirectional(layers.SimpleRNN(3)),
            layers.Dense(1, activation="sigmoid"),
        ],
        "masked, repeating": [
            layers.Masking(-1.0),
            layers.GRU(4, **gru),
            layers.TimeDistributed(layers.Dense(3, activation="tanh")),
            layers.GlobalMaxPooling1D(),
            layers.Dense(2, activation="softmax"),
        ],
        "masked, both ways": [
            layers.Masking(-1.0),
            layers.Bidirectional(layers.LSTM(3, **gru), merge_mode="mul"),
            layers.Dense(3, activation="leaky_relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2, activation="softmax"),
        ],
    }


@pytest.mark.parametrize(
    "kind", ["plain", "both ways", "masked", "masked, repeating", "masked, both ways"]
)
def test_sequences_of_numbers_are_answered_as_keras_does(keras, import_it, served, kind):
    """Rows of the mask's value stand before, between and after the others."""
    model = keras.Sequential([keras.Input((None, 2)), *networks(keras)[kind]])
    randomized(model, 4)
    generator = np.random.default_rng(5)
    sent = [generator.normal(size=(length, 2)).astype(np.float32) for length in LENGTHS]
    for one in sent[1:]:
        one[0] = -1.0
    sent[2][2], sent[3][6:] = -1.0, -1.0
    wanted = np.concatenate([model.predict(one[None], verbose=0) for one in sent])

    version = import_it(model, "--maxlen", "20")

    answer = served(version, [one.tolist() for one in sent])
    got = np.array([one["probs"] for one in answer["data"]])
    assert np.abs(got - probabilities(wanted)).max() < 1e-5


def test_a_vector_of_numbers_is_answered_as_keras_does(keras, import_it, served):
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(4, activation="selu"), layers.BatchNormalization(),
         layers.Dense(3), layers.Softmax()]
    )  # fmt: skip
    randomized(model, 6)
    sent = np.random.default_rng(7).normal(size=(6, 5)).astype(np.float32)

    version = import_it(model, "--labels", "a,b,c")

    answer = served(version, sent.tolist())
    got = np.array([one["probs"] for one in answer["data"]])
    assert np.abs(got - model.predict(sent, verbose=0)).max() < 1e-5
    assert {one["label"] for one in answer["data"]} <= {"a", "b", "c"}
