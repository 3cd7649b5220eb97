"""Keras files that cannot be imported say which layer, why, and what to do instead."""

import os
import pickle

import numpy as np
import pytest

from tests.model_store.importing.keras_files import (
    WORDS,
    KerasFiles,
    as_lambda,
    both_inputs,
    both_outputs,
    bytes_as,
    changed,
    cut_short,
    dense,
    diverged,
    folder,
    initial_state,
    layers_of,
    linked,
    nested,
    own_activation,
    own_class,
    pointing_far_away,
    subclassed,
    weights_alone,
    with_config,
    with_kernel,
    with_member,
    with_version,
    zip_of,
)

pytestmark = pytest.mark.filterwarnings("ignore")
MANY = {f"w{place}": place for place in range(1, 40)}


@pytest.fixture
def files(keras, tmp_path):
    return KerasFiles(keras, tmp_path)


CASES = {
    "code of a Lambda": (as_lambda, "reader", "holds Python code", "by layers of Keras"),
    "a class of one's own": (own_class, "reader", "a class of your own", "by layers of Keras"),
    "a function of one's own": (own_activation, "answer", "a function of your own", "Keras' own"),
    "a model class of one's own": (subclassed, "MyModel", "runs no code", "set_weights from this"),
    "flattening over time": (
        layers_of(("LSTM", {"units": 3, "return_sequences": True}), ("Flatten", {"name": "flat"}),
                  length=9),
        "flat", "one fixed length", "GlobalMaxPooling1D",
    ),
    "a layer that is not known": (
        layers_of(("Conv1D", {"filters": 3, "kernel_size": 2, "name": "conv"}),
                  ("LSTM", {"units": 3})),
        "conv", "of this class are not imported", "These are: Activation",
    ),
    "a state kept between calls": (
        changed("LSTM", stateful=True), "reader", "depend on earlier ones", "without stateful",
    ),
    "a state given away": (
        changed("LSTM", return_state=True), "reader", "gives its state", "without return_state",
    ),
    "a state given in": (initial_state, "reader", "initial state", "begin from zeros"),
    "a model in the model": (nested, "encoder", "inside of the model", "one by one"),
    "outputs turned round above a mask": (
        layers_of(
            ("LSTM", {"units": 3, "go_backwards": True, "return_sequences": True, "name": "back"}),
            ("GRU", {"units": 3}), mask_zero=True,
        ),
        "back", "reverses the outputs and not the mask", "Bidirectional",
    ),
    "half precision": (
        changed("LSTM", dtype={"config": {"name": "mixed_float16"}}),
        "reader", "computes in mixed_float16", "float32 policy",
    ),
    "quantized weights": (
        changed("Dense", quantization_config={"mode": "int8"}), "answer", "quantized", "before",
    ),
    "another axis": (
        layers_of(("LSTM", {"units": 3, "return_sequences": True}),
                  ("BatchNormalization", {"axis": 1, "name": "norm"}), ("GRU", {"units": 2}),
                  length=9),
        "norm", "axis=1", "the last axis",
    ),
    "an activation that cells have not": (
        changed("LSTM", activation="gelu"), "reader", "inside of recurrent layers", "These are",
    ),
    "an activation that nobody has": (
        changed("Dense", activation="wavy"), "answer", "not known", "These are",
    ),
    "two outputs": (both_outputs, "model", "2 outputs", "one output"),
    "two inputs": (both_inputs, "model", "2 inputs", "one input"),
    "a regression": (changed("Dense", activation="linear"), "answer", "regression", "--logits"),
    "many labels at once": (
        lambda keras, files: files.model(keras.layers.LSTM(3), dense(keras, 3)),
        "answer", "by itself", "softmax",
    ),
    "a softmax of one": (changed("Dense", activation="softmax"), "answer", "always 1", "sigmoid"),
    "an answer for each step": (
        lambda keras, files: files.model(
            keras.layers.LSTM(3, return_sequences=True), dense(keras, 2, "softmax")
        ),
        "answer", "for each step", "return_sequences=False",
    ),
    "a recurrent layer at each step": (
        lambda keras, files: files.model(
            keras.layers.LSTM(3, return_sequences=True), keras.layers.TimeDistributed(
                keras.layers.ReLU(), name="each"
            ), keras.layers.GRU(3), dense(keras),
        ),
        "each", "to each step", "Dense, Dropout and Activation",
    ),
    "no recurrent layer": (
        lambda keras, files: files.model(keras.layers.GlobalAveragePooling1D(), dense(keras)),
        "the model", "no recurrent layer", "SimpleRNN, LSTM or GRU",
    ),
    "weights that diverged": (diverged, "lstm", "not all finite", "Train it again"),
    "other weights than layers": (
        changed("LSTM", use_bias=False), "reader", "3 arrays of weights", "Save the whole model",
    ),
    "weights alone": (weights_alone, "model.weights.h5", "weights alone", "model.save("),
    "a link out of the file": (linked, "kernel", "a link", "save"),
    "a folder": (folder, "saved_model", "holds a program", "model.save("),
    "a TensorFlow graph": (bytes_as("graph.pb"), "graph.pb", "is a program", "model.save("),
    "a TorchServe archive": (bytes_as("net.mar"), "net.mar", "handler, which is code", "out of"),
    "a pickle": (bytes_as("net.pkl"), "net.pkl", "runs no code", "torch.save(model.state_dict()"),
    "another file": (bytes_as("model.keras"), "model.keras", "neither a .keras nor", "model.save("),
    "a broken zip": (bytes_as("model.keras", b"PK\x03\x04"), "model.keras", "damaged", "save("),
    "a zip of something else": (
        lambda keras, files: zip_of(files.folder / "model.keras"),
        "model.keras", "config.json", "save",
    ),
    "an .h5 file cut short": (cut_short, "model.h5", "it is damaged", "model.save("),
    "weights beyond all offsets": (
        with_member("model.weights.h5", pointing_far_away), "model.keras", "damaged", "model.save(",
    ),
    "weights that are not there": (with_kernel(None), "kernel", "not in the file", "model.save("),
    "weights of another shape": (
        with_kernel(np.zeros(4, np.float32)), "answer", "its kernel has shape (4,)", "Save",
    ),
    "weights without numbers": (
        with_kernel(np.zeros((4, 0), np.float32)), "answer", "without numbers", "model.save(",
    ),
    "weights beyond float32": (
        with_kernel(np.full((4, 1), 1e300)), "answer", "not all finite", "Train it again",
    ),
    "a configuration that is none": (
        with_config(b"[]"), "model.keras", "names no class", "model.save(",
    ),
    "a configuration without settings": (
        with_config(b'{"class_name": "Functional", "config": {"layers": []}}'),
        "model.keras", "input_layers", "model.save(",
    ),
    "a layer without settings": (
        lambda keras, files: files.course(lambda layers: layers[2].update(config=None)),
        "model.keras", "layer 2, 'LSTM', has no settings", "model.save(",
    ),
    "a setting of another kind": (
        changed("LSTM", activation=["tanh"]), "reader", "damaged", "model.save(",
    ),
    "inputs of no length": (
        changed("InputLayer", batch_shape=[None, -5]), "layer", "shape [None, -5]", "1 to 100,000",
    ),
    "a version in two lines": (
        lambda keras, files: with_version(files.model(keras.layers.LSTM(3), dense(keras),
                                                      name="model.h5"), "3.1\n# Card"),
        "the file", r"Keras 3.1\n# Card", "Keras 2 and 3",
    ),
    "an older Keras": (
        lambda keras, files: with_version(files.model(keras.layers.LSTM(3), dense(keras),
                                                      name="model.h5"), "1.2.2"),
        "the file", "Keras 1.2.2", "Keras 2 and 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("write", "place", "reason", "way_out"), CASES.values(), ids=CASES)
def test_what_cannot_be_imported_says_where_why_and_what_else(
    keras, files, run_import, write, place, reason, way_out, tmp_path
):
    path = write(keras, files)

    status, _, error = run_import(path, "--tokenizer", files.tokenizer(), "--maxlen", 9)

    assert status == 1
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert place in error.split(": ", 2)[1] + error.split(": ", 2)[2].split(": ")[0]
    assert reason in error
    assert way_out in error
    assert not (tmp_path / "store").exists()


FLAGS = {
    "labels for other classes": (["--labels", "a,b,c"], "--labels", "3 labels for 2", "Name each"),
    "the same label twice": (["--labels", "a,a"], "--labels", "must differ", "Name each"),
    "no tokenizer": (["--maxlen", "9"], "--tokenizer", "does not say how texts", "--vocabulary"),
    "logits that are none": (["--logits"], "answer", "ends with sigmoid", "Leave out --logits"),
    "a file that is not there": (["--tokenizer", "nowhere.json"], "nowhere.json", "No such", ""),
}  # fmt: skip


@pytest.mark.parametrize(("flags", "place", "reason", "way_out"), FLAGS.values(), ids=FLAGS)
def test_a_flag_that_does_not_fit_is_named(
    files, run_import, flags, place, reason, way_out, tmp_path
):
    given = ["--maxlen", 9, "--tokenizer", files.tokenizer(), *flags]
    if place == "--tokenizer":
        given = flags

    status, _, error = run_import(files.course(), *given)

    assert status == 1
    assert place in error
    assert reason in error
    assert way_out in error
    assert not (tmp_path / "store").exists()


def test_a_length_that_nobody_says_is_asked_for(files, run_import):
    status, _, error = run_import(files.course(), "--tokenizer", files.tokenizer())

    assert status == 1
    assert "--maxlen: the file does not say how many tokens" in error


TOKENIZERS = {
    "of another model": ({"index": MANY}, "40 tokens (0 included), the embedding 20"),
    "with holes in its ids": ({"index": {"a": 1, "b": 3}}, "not 1, 2, 3"),
    "that was never fitted": ({"index": {}}, "word_index: Value should have at least 1 item"),
    "whose unknown token has no id": ({"oov_token": "<OOV>"}, "oov_token '<OOV>' has no id"),
}


@pytest.mark.parametrize(("config", "reason"), TOKENIZERS.values(), ids=TOKENIZERS)
def test_a_tokenizer_that_cannot_be_meant_is_refused(files, run_import, config, reason):
    path = files.tokenizer(**config)

    status, _, error = run_import(files.course(), "--tokenizer", path, "--maxlen", 9)

    assert status == 1
    assert reason in error


def test_a_pickled_tokenizer_is_refused_with_the_line_that_writes_json(files, run_import):
    path = files.folder / "tokenizer.pickle"
    path.write_bytes(pickle.dumps({"word_index": WORDS}))

    status, _, error = run_import(files.course(), "--tokenizer", path, "--maxlen", 9)

    assert status == 1
    assert "it is a pickle, and importing runs no code of a file" in error
    assert "tokenizer.to_json()" in error


def test_a_pipe_is_not_waited_for(run_import, tmp_path):
    os.mkfifo(tmp_path / "model.keras")

    status, _, error = run_import(tmp_path / "model.keras")

    assert status == 1
    assert "model.keras: it is no file on a disk" in error


def test_a_file_without_a_suffix_is_not_called_a_folder(files, run_import):
    files.course().rename(files.folder / "model")
    given = ("--tokenizer", files.tokenizer(), "--maxlen", 9)

    assert run_import(files.folder / "model", *given)[0] == 0


def test_a_layer_cannot_write_lines_of_its_own_into_the_card(files, run_import, tmp_path):
    path = files.course(lambda layers: layers[2]["config"].update(name="x\n```\n\x1b[31m# Good"))

    status, out, error = run_import(path, "--tokenizer", files.tokenizer(), "--maxlen", 9)

    card = (tmp_path / "store/mine/1/README.md").read_text()
    assert status == 0, error
    assert r"x\n```\n\x1b[31m# Good" in card
    assert "\n# Good" not in card
    assert "\x1b" not in out
