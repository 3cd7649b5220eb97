"""Files of Keras 2: their own hard_sigmoid, reset gate, ways to write a configuration."""

import json

import numpy as np
import pytest

from model_store import ClassifierConfig, Store
from model_store.onnx_runtime import ort
from tests.model_store.importing.keras2_files import (
    drawn,
    gru_before,
    hard_sigmoid,
    lstm,
    sigmoid,
    simple_rnn,
    softmax,
    write_h5,
)

WORDS = [f"w{place}" for place in range(1, 20)]
TEXTS = ["w1 w2 w3", "w4", "w5 w5 w6 w7 w8 w9 w10 w11 w12", "w3 nothing w2"]
MAX_LEN = 8


def layer(kind, name, **config):
    return {"class_name": kind, "config": {"name": name, "trainable": True, **config}}


@pytest.fixture
def answers(tmp_path, run_import):
    """Imports a file and answers the texts with what was published, one by one."""

    def ask(model, weights, **flags):
        write_h5(tmp_path / "model.h5", model, weights, flags.pop("version", "2.4.0"))
        index = json.dumps({word: place for place, word in enumerate(WORDS, 1)})
        tokenizer = {"class_name": "Tokenizer", "config": {"word_index": index}}
        (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
        extra = [one for key, value in flags.items() for one in (f"--{key}", value)]
        status, _, error = run_import(
            *(tmp_path / "model.h5", "--tokenizer", tmp_path / "tokenizer.json", *extra)
        )
        assert status == 0, error
        stored = Store(tmp_path / "store").open("mine", 1)
        options = ort.SessionOptions()
        data = stored.read("weights.safetensors")
        options.add_external_initializers_from_files_in_memory(
            ["weights.safetensors"], [data], [len(data)]
        )
        session = ort.InferenceSession(stored.read("model.onnx"), options)
        found = []
        for text in TEXTS:
            assert isinstance(stored.config, ClassifierConfig)
            ids = np.array([stored.config.input_ids(text, stored.tokenizer())], np.int32)
            feed = {"token_ids": ids, "lengths": np.array([ids.shape[1]], np.int32)}
            found.append(session.run(["probs"], feed)[0][0])
        return np.array(found)

    return ask


def rows():
    """The texts as `pad_sequences` gives them: zeros before, the last tokens of long ones."""
    ids = [[WORDS.index(w) + 1 for w in text.split() if w in WORDS] for text in TEXTS]
    return [[0] * (MAX_LEN - len(row)) + row[-MAX_LEN:] for row in ids]


def test_the_snippet_of_keras_2_reads_its_padding_and_has_its_own_hard_sigmoid(answers):
    table, kernel, recurrent, bias, out, out_bias = drawn(
        0, (20, 5), (5, 16), (4, 16), (16,), (4, 1), (1,)
    )
    model = {
        "class_name": "Sequential",
        "config": {
            "name": "sequential",
            "layers": [
                layer("Embedding", "embedding", batch_input_shape=[None, MAX_LEN], input_dim=20,
                      output_dim=5, input_length=MAX_LEN, mask_zero=False, dtype="float32"),
                layer("LSTM", "lstm", units=4, activation="tanh",
                      recurrent_activation="hard_sigmoid", implementation=1),
                layer("Dense", "dense", units=1, activation="sigmoid", use_bias=True),
            ],
        },
    }  # fmt: skip
    weights = {
        "embedding": {"embeddings": table},
        "lstm": {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias},
        "dense": {"kernel": out, "bias": out_bias},
    }

    got = answers(model, weights)

    logits = [lstm(table[row], kernel, recurrent, bias, hard_sigmoid) @ out for row in rows()]
    wanted = sigmoid(np.array(logits) + out_bias)
    assert np.abs(got[:, 1:] - wanted).max() < 1e-5


def test_a_functional_model_of_keras_2_with_a_gru_that_resets_before(answers):
    table, fk, fr, fb, bk, br, bb, hidden, hidden_bias, out, out_bias = drawn(
        1, (20, 5), (5, 9), (3, 9), (9,), (5, 9), (3, 9), (9,), (3, 4), (4,), (4, 3), (3,)
    )
    inner = layer("GRU", "gru", units=3, activation="tanh", recurrent_activation="hard_sigmoid",
                  return_sequences=True)  # fmt: skip
    kinds = [
        layer("InputLayer", "input_1", batch_input_shape=[None, None], dtype="int32"),
        layer("Embedding", "embedding_1", input_dim=20, output_dim=5),
        layer("Bidirectional", "both", layer=inner, merge_mode="sum"),
        layer("GlobalMaxPooling1D", "pool"),
        layer("Dense", "hidden", units=4, activation="hard_sigmoid"),
        layer("Dropout", "dropout_1", rate=0.5),
        layer("Dense", "out", units=3, activation="softmax"),
    ]
    names = [one["config"]["name"] for one in kinds]
    for one, before in zip(kinds, [None, *names], strict=False):
        one["name"] = one["config"]["name"]
        one["inbound_nodes"] = [] if before is None else [[[before, 0, 0, {}]]]
    config = {"name": "model_1", "layers": kinds}
    config |= {"input_layers": [["input_1", 0, 0]], "output_layers": [["out", 0, 0]]}
    forward, backward = (fk, fr, fb), (bk, br, bb)
    parts = ("kernel", "recurrent_kernel", "bias")
    weights = {
        "embedding_1": {"embeddings": table},
        "both": {
            **{f"forward_gru/{n}": a for n, a in zip(parts, forward, strict=True)},
            **{f"backward_gru/{n}": a for n, a in zip(parts, backward, strict=True)},
        },
        "hidden": {"kernel": hidden, "bias": hidden_bias},
        "out": {"kernel": out, "bias": out_bias},
    }

    got = answers({"class_name": "Model", "config": config}, weights, maxlen=MAX_LEN)

    for row, found in zip(rows(), got, strict=True):
        there = gru_before(table[row], fk, fr, fb, hard_sigmoid)
        back = gru_before(table[row][::-1], bk, br, bb, hard_sigmoid)[::-1]
        seen = hard_sigmoid((there + back).max(axis=0) @ hidden + hidden_bias)
        assert np.abs(found - softmax(seen @ out + out_bias)).max() < 1e-5


def test_a_list_of_layers_of_keras_2_0_with_a_mask_and_a_normalization(answers):
    table, *first, kernel, recurrent, bias, mean, gamma, beta, out = drawn(
        2, (20, 5), (5, 3), (3, 3), (3,), (3, 4), (4, 4), (4,), (4,), (4,), (4,), (4, 2)
    )
    variance = np.abs(mean) + 0.5
    model = {
        "class_name": "Sequential",
        "config": [
            layer("Embedding", "words", batch_input_shape=[None, None], input_dim=20, output_dim=5,
                  mask_zero=True),
            layer("SimpleRNN", "below", units=3, activation="tanh", return_sequences=True),
            layer("SimpleRNN", "above", units=4, activation="tanh"),
            layer("BatchNormalization", "norm", axis=-1, epsilon=0.001, scale=True, center=True),
            layer("Dense", "out", units=2, activation="linear", use_bias=False),
            layer("Activation", "probs", activation="softmax"),
        ],
    }  # fmt: skip
    parts = ("kernel", "recurrent_kernel", "bias")
    norm = {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": variance}
    weights = {
        "words": {"embeddings": table},
        "below": dict(zip(parts, first, strict=True)),
        "above": dict(zip(parts, (kernel, recurrent, bias), strict=True)),
        "norm": norm,
        "out": {"kernel": out},
    }

    got = answers(model, weights, maxlen=MAX_LEN, version="2.0.8")

    for row, found in zip(rows(), got, strict=True):
        below = simple_rnn(table[[one for one in row if one]], *first)
        last = simple_rnn(below, kernel, recurrent, bias)[-1]
        normed = (last - mean) / np.sqrt(variance + 0.001) * gamma + beta
        assert np.abs(found - softmax(normed @ out)).max() < 1e-5
