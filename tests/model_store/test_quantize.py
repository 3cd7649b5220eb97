"""An 8-bit version answers as the one it is made of does, and is proved like any other."""

from dataclasses import replace

import numpy as np
import pytest

from model_store import About, ClassifierConfig, GeneratorConfig, Store, TextCase
from model_store.__main__ import main
from model_store.config import INT8_WEIGHTS
from model_store.eight_bit import text_generation
from model_store.eight_bit.text_classification import open_text_classifier
from model_store.eight_bit.text_generation import open_language_model
from model_store.eight_bit_form import Loss, eight_bit_forms
from model_store.quantize import NotQuantized, quantize
from model_store.safetensors_file import open_tensors, to_bytes
from tests.models import publish_classifier, publish_generator

TEXTS = [("a very good film", None), ("the plot was dull , and the food awful", None)]


def in_8_bits(stored):
    return open_tensors(stored.map(INT8_WEIGHTS))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("is_bidirectional", [False, True], ids=["one-way", "both-ways"])
def test_a_classifier_answers_nearly_as_in_floats(tmp_path, cell, is_bidirectional):
    publish_classifier(tmp_path, cell=cell, num_layers=2, bidirectional=is_bidirectional)
    store = Store(tmp_path)

    new, loss = quantize(store, "sentiment", 1, texts=TEXTS)

    assert isinstance(new.config, ClassifierConfig)
    assert new.config.precision == "int8"
    assert loss is not None
    assert loss.largest < 0.02
    assert not store.verify("sentiment", 2)


def test_golden_answers_are_those_of_the_8_bit_form_to_the_last_bit(tmp_path):
    publish_classifier(tmp_path)

    new, _ = quantize(Store(tmp_path), "sentiment", None)

    assert isinstance(new.config, ClassifierConfig)
    classifier = open_text_classifier(new.config, in_8_bits(new), "numpy")
    for case in new.golden().cases:
        assert isinstance(case, TextCase)
        assert classifier.probs([case.token_ids])[0].tolist() == case.outputs


def test_a_generator_writes_nearly_as_in_floats(tmp_path):
    publish_generator(tmp_path, num_layers=2)

    new, loss = quantize(Store(tmp_path), "shakespeare", 1, texts=[("To be or not", None)])

    assert loss is not None
    assert abs(loss.lost) < 0.005
    assert new.manifest.metrics["int8_nats"] == loss.after
    assert isinstance(new.config, GeneratorConfig)
    model = open_language_model(new.config, in_8_bits(new))
    for case in new.golden().cases:
        assert isinstance(case, TextCase)
        logits, _ = model.run([case.token_ids], model.start_state(1))
        assert logits[0].tolist() == case.outputs


def test_its_card_says_what_was_lost(tmp_path):
    publish_classifier(tmp_path, extra={"README.md": b"# A card\n"})

    new, _ = quantize(Store(tmp_path), "sentiment", 1, texts=[("a good film", "positive")])

    card = new.read("README.md").decode()
    assert card.startswith("# A card\n")
    assert "Accuracy on 1 texts" in card


def test_a_version_that_loses_too_much_is_not_published_unasked(tmp_path, monkeypatch):
    publish_classifier(tmp_path)
    store = Store(tmp_path)
    strict = replace(eight_bit_forms()["text-classification"], max_loss=-1.0)
    monkeypatch.setitem(eight_bit_forms(), "text-classification", strict)

    with pytest.raises(NotQuantized, match="--force"):
        quantize(store, "sentiment", 1, texts=TEXTS)

    assert store.versions("sentiment") == [1]
    assert quantize(store, "sentiment", 1, texts=TEXTS, is_forced=True)[0].version == 2


def test_one_answer_of_a_thousand_may_be_lost():
    """1 - 0.999 is above 0.001 in floats, and such a version was refused."""
    loss = Loss("accuracy", 1.0, 0.999, 1000, 0.1)

    assert loss.lost <= eight_bit_forms()["text-classification"].max_loss
    assert replace(loss, after=0.998).lost > eight_bit_forms()["text-classification"].max_loss


def test_an_8_bit_version_has_no_8_bit_form(tmp_path):
    publish_classifier(tmp_path)
    store = Store(tmp_path)
    quantize(store, "sentiment", 1)

    with pytest.raises(NotQuantized, match="in 8 bits already"):
        quantize(store, "sentiment", 2)


def publish_with_weights(root, change):
    """Publish the classifier once more, with weights that `change` was at."""
    stored = publish_classifier(root)
    tensors = dict(open_tensors(stored.read("weights.safetensors")))
    change(tensors)
    publish_again(root, stored, {"weights.safetensors": to_bytes(tensors)})


def publish_again(root, stored, changes):
    files = {kept: stored.read(kept) for kept in stored.manifest.files} | changes
    facts = {field: getattr(stored.manifest, field) for field in About.model_fields}
    Store(root).publish("sentiment", files, About(**facts))


@pytest.mark.parametrize("name", ["output.bias", "stack.embedding.weight", "temperature"])
def test_weights_that_are_no_numbers_are_refused(tmp_path, name):
    def spoil(tensors):
        tensors[name] = np.full_like(tensors[name], np.nan)

    publish_with_weights(tmp_path, spoil)

    with pytest.raises(NotQuantized, match="finite"):
        quantize(Store(tmp_path), "sentiment", 2)


def test_a_graph_that_cannot_be_opened_is_named(tmp_path, capsys):
    publish_again(tmp_path, publish_classifier(tmp_path), {"model.onnx": b"no graph"})
    texts = tmp_path / "texts.txt"
    texts.write_text("a good film")

    code = main(["--store", str(tmp_path), "quantize", "sentiment:2", "--data", str(texts)])

    assert code == 1
    assert capsys.readouterr().err.startswith("error: sentiment:2: model.onnx: ")


def drop_bias(tensors):
    del tensors["output.bias"]


def flatten_states(tensors):
    path = "stack.forward_layers.0.weight_hh"
    tensors[path] = tensors[path].reshape(-1)


def cut_vocabulary(tensors):
    path = "stack.embedding.weight"
    tensors[path] = tensors[path][:-1]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (drop_bias, r"weights\.safetensors has no output\.bias"),
        (flatten_states, "no 8-bit form"),
        (cut_vocabulary, r"no 8-bit form: embedding\.shifted is uint8"),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path, change, why):
    publish_with_weights(tmp_path, change)

    with pytest.raises(NotQuantized, match=why):
        quantize(Store(tmp_path), "sentiment", 2)

    assert Store(tmp_path).versions("sentiment") == [1, 2]


def test_the_command_publishes_and_says_what_is_lost(tmp_path, capsys):
    publish_classifier(tmp_path / "store")
    texts = tmp_path / "texts.csv"
    texts.write_text("text,label\na good film,positive\na bad film,negative\n")

    code = main(["--store", str(tmp_path / "store"), "quantize", "sentiment", "--data", str(texts)])

    said = capsys.readouterr().out
    assert code == 0
    assert "sentiment:2 is published in 8 bits" in said
    assert "accuracy on 2 texts" in said


def test_labels_that_the_model_has_not_are_refused(tmp_path):
    """None of them is ever right, in floats or in 8 bits: nothing seemed to be lost."""
    publish_classifier(tmp_path)

    with pytest.raises(NotQuantized, match=r"label 'great' is none of the model's \("):
        quantize(Store(tmp_path), "sentiment", 1, texts=[("a film", None), ("a film", "great")])

    assert Store(tmp_path).versions("sentiment") == [1]


def test_texts_without_a_label_do_not_count_beside_some_with_one(tmp_path):
    stored = publish_classifier(tmp_path)
    assert isinstance(stored.config, ClassifierConfig)
    texts = [("a film", None), ("a good film", stored.config.labels[0])]

    _, loss = quantize(Store(tmp_path), "sentiment", 1, texts=texts)

    assert loss is not None
    assert (loss.figure, loss.count) == ("accuracy", 1)


def test_a_long_text_is_measured_in_parts_as_if_at_once(tmp_path):
    publish_generator(tmp_path, num_layers=2)
    text = "To be or not to be " * 60

    new, loss = quantize(Store(tmp_path), "shakespeare", 1, texts=[(text, None)])

    assert isinstance(new.config, GeneratorConfig)
    token_ids = new.config.input_ids(text, new.tokenizer())
    assert len(token_ids) > 3 * text_generation.PART
    model = open_language_model(new.config, in_8_bits(new))
    logits, _ = model.each(token_ids[:-1], model.start_state(1))
    exact = logits.astype(np.float64)
    of_next = exact[np.arange(len(exact)), token_ids[1:]]
    assert loss is not None
    assert loss.count == len(token_ids) - 1
    assert loss.after == pytest.approx(np.mean(np.log(np.exp(exact).sum(axis=1)) - of_next))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("none.csv", None, "No such file"),
        ("empty.txt", b"", "no text"),
        ("other.csv", b"title,stars\na,1\n", "no column text but title, stars"),
        ("latin.txt", "déjà".encode("latin-1"), "not UTF-8"),
    ],
)
def test_a_file_without_texts_is_one_line_and_exit_1(tmp_path, capsys, name, content, why):
    publish_classifier(tmp_path / "store")
    if content is not None:
        (tmp_path / name).write_bytes(content)

    path = str(tmp_path / name)
    code = main(["--store", str(tmp_path / "store"), "quantize", "sentiment", "--data", path])

    assert code == 1
    [line] = capsys.readouterr().err.splitlines()
    assert name in line
    assert why in line
