"""An imported version has what trained ones have: explanations, its inside, a card."""

import json

import numpy as np
import pytest
import requests

from model_store import ClassifierConfig, Store
from model_store.quantize import NotQuantized, quantize
from tests.model_store.importing.keras_files import KerasFiles, dense

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]
TEXT = "w1 w2, w3"


@pytest.fixture(scope="module")
def imported(keras, shared_store, tmp_path_factory):
    """Imports a network as the next version of a name; returns the version."""
    from model_store.__main__ import main

    files = KerasFiles(keras, tmp_path_factory.mktemp("files"))

    def run(*layers, mask_zero=False):
        path = files.model(*layers, dense(keras), mask_zero=mask_zero)
        given = [str(path), "--tokenizer", str(files.tokenizer()), "--maxlen", "6"]
        labels = ["--labels", "negative,positive", "--name", "mine"]
        assert main(["--store", str(shared_store), "import", *given, *labels]) == 0
        return Store(shared_store).versions("mine")[-1]

    return run


def networks(keras):
    layers = keras.layers
    return {
        "padding": ([layers.LSTM(4)], False),
        "mask": ([layers.GRU(4), layers.Dense(3, activation="relu")], True),
        "max": ([layers.GRU(4, return_sequences=True), layers.GlobalMaxPooling1D()], False),
    }


@pytest.mark.parametrize("kind", ["padding", "mask", "max"])
def test_an_imported_network_is_explained_in_every_way(keras, imported, served, kind):
    layers, mask_zero = networks(keras)[kind]
    version = imported(*layers, mask_zero=mask_zero)

    (whole,) = served(version, [TEXT])["data"]
    (along,) = served(version, [TEXT], explain="trajectory")["data"]
    (without,) = served(version, [TEXT], explain="occlusion")["data"]
    (inside,) = served(version, [TEXT], explain="gates", units="all")["data"]

    assert along["trajectory"][-1]["probs"] == whole["probs"]
    assert [TEXT[one["start"] : one["end"]] for one in along["trajectory"]] == ["w1", "w2", "w3"]
    (shorter,) = served(version, ["w1 w3"])["data"]
    added = without["occlusion"][1]["probs"]
    assert np.allclose(added, np.subtract(whole["probs"], shorter["probs"]), atol=1e-6)
    read = inside["gates"]["tokens"]
    assert len(read) == (3 if mask_zero else 6)
    assert [one["token_id"] for one in read][-3:] == [1, 2, 3]
    (layer,) = inside["gates"]["layers"]
    assert len(layer["influence"]) == 4


def test_a_network_of_unlike_layers_says_that_its_inside_is_not_known(keras, imported, served):
    layers = keras.layers
    version = imported(layers.LSTM(4, return_sequences=True), layers.GRU(3))

    served(version, [TEXT])
    refused = served(version, [TEXT], explain="gates")

    assert refused["error"]["param"] == "explain"
    assert "of layers that are not known here" in refused["error"]["message"]


@pytest.mark.parametrize("mask_zero", [False, True])
def test_an_imported_network_runs_in_8_bits(keras, imported, served, shared_store, mask_zero):
    version = imported(keras.layers.LSTM(4), mask_zero=mask_zero)
    (before,) = served(version, [TEXT])["data"]

    new, _ = quantize(Store(shared_store), "mine", version)

    (after,) = served(new.version, [TEXT])["data"]
    assert new.config.model_dump()["precision"] == "int8"
    assert np.abs(np.subtract(after["probs"], before["probs"])).max() < 0.05
    (along,) = served(new.version, [TEXT], explain="trajectory")["data"]
    assert along["trajectory"][-1]["probs"] == after["probs"]


def test_a_network_of_unlike_layers_has_no_8_bit_form(keras, imported, shared_store):
    layers = keras.layers
    version = imported(layers.LSTM(4, return_sequences=True), layers.GRU(3))

    with pytest.raises(NotQuantized, match="no 8-bit form: the engine knows no network with"):
        quantize(Store(shared_store), "mine", version)


def test_the_card_says_what_is_not_known(keras, imported, served):
    version = imported(keras.layers.LSTM(4))

    served(version, [TEXT])
    card = requests.get(f"{served.address()}/v1/models/mine:{version}/card", timeout=10).json()

    assert "Not known: the file does not say how good the model is" in card["card"]
    assert card["metrics"] == {}
    assert "import model.keras" in json.dumps(card)


def test_a_vocabulary_of_text_vectorization_fills_up_at_the_end_as_it_does(
    keras, run_import, tmp_path
):
    files = KerasFiles(keras, tmp_path)
    path = files.model(keras.layers.LSTM(4), dense(keras))
    (tmp_path / "vocabulary.txt").write_text("\n".join(["", "[UNK]", "good", "film"]))

    status, _, error = run_import(
        *(path, "--vocabulary", tmp_path / "vocabulary.txt", "--maxlen", 5),
        store=tmp_path / "store",
    )

    assert status == 0, error
    stored = Store(tmp_path / "store").open("mine", 1)
    assert isinstance(stored.config, ClassifierConfig)
    ids = stored.config.input_ids("A GOOD film!", stored.tokenizer())
    assert ids == [1, 2, 3, 0, 0]
    assert stored.config.truncation == "head"
