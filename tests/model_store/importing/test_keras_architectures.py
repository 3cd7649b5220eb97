"""Imported networks answer over HTTP as Keras' own `predict` does, whatever they are made of."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from model_store import Store
from model_store.__main__ import main
from tests.model_store.importing import keras_texts
from tests.model_store.importing.architectures import (
    architectures,
    build,
    probabilities,
    texts,
)

NUM_ARCHITECTURES = 40
pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def import_both(keras, shared_store, tmp_path_factory):
    """Saves a model as `.keras` and as `.h5`, imports both; returns the two versions."""
    folder = tmp_path_factory.mktemp("files")

    def run(model, tokenizer, drawn):
        (folder / "tokenizer.json").write_text(tokenizer.to_json())
        for suffix in ("h5", "keras"):
            path = folder / f"model.{suffix}"
            model.save(path)
            status = main(
                [
                    *("--store", str(shared_store), "import", str(path), "--name", "mine"),
                    *("--tokenizer", str(folder / "tokenizer.json")),
                    *("--maxlen", str(drawn.max_len), "--padding", drawn.padding),
                    *("--truncating", drawn.truncating),
                ]
            )
            assert status == 0
        store = Store(shared_store)
        newest = store.versions("mine")[-1]
        return store.open("mine", newest - 1), store.open("mine", newest)

    return run


@settings(
    max_examples=NUM_ARCHITECTURES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(drawn=architectures())
def test_every_drawn_architecture_answers_as_keras_does(keras, import_both, served, drawn):
    model = build(keras, drawn)
    tokenizer = keras_texts.tokenizer_of(
        keras, num_words=30, oov_token="oov" if drawn.oov else None
    )
    sent = texts(drawn.seed)
    wanted = model.predict(keras_texts.padded(keras, tokenizer, sent, drawn), verbose=0)

    from_h5, from_keras = import_both(model, tokenizer, drawn)
    answer = served(from_keras.version, sent)

    got = np.array([one["probs"] for one in answer["data"]])
    assert np.abs(got - probabilities(wanted)).max() < 1e-5
    for name in ("model.onnx", "weights.safetensors", "config.json", "tokenizer.json"):
        assert from_h5.read(name) == from_keras.read(name), name
