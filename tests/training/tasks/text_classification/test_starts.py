"""Stored models to go on from: found where they help, never needed."""

import numpy as np
import pytest
import torch

from model_store import Store, StoreError
from tests.training.toys import write_reviews
from training import train_classifier
from training.data.labelled_texts import Rows
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.tasks.text_classification.served import ServedClassifier
from training.tasks.text_classification.starts import find_start, fit_head, open_start

SMALL = ["--embedding-dim", "12", "--hidden-size", "12", "--vocab-size", "320", "--max-epochs", "6",
         "--learning-rate", "0.02", "--batch-size", "16"]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with two classifiers of toy reviews, one of which also reads backwards."""
    folder = tmp_path_factory.mktemp("starts")
    where = ["--data", write_reviews(folder / "reviews.csv"), "--store", str(folder / "store")]
    for name, *more in (["forwards"], ["both", "--bidirectional"]):
        train_classifier.main([*where, "--name", name, "--run-dir", str(folder / name), *SMALL,
                               *more])  # fmt: skip
    return Store(folder / "store")


def rows(count):
    texts = ["a very tender film", "the plot was awful"] * (count // 2)
    return Rows([f"{text} {place}" for place, text in enumerate(texts)], [1, 0] * (count // 2))


def test_store_that_is_not_there_has_no_start(tmp_path):
    assert find_start(Store(tmp_path / "none"), rows(60), excluded="x") == (None, "")


def test_few_texts_are_not_probed(store):
    assert find_start(store, rows(10), excluded="x") == (None, "")


def test_start_must_beat_a_bag_of_words(store):
    start, finding = find_start(store, rows(60), excluded="x")

    assert start is None  # the bag is right each time here
    assert finding.endswith("a bag of words 1.000: from scratch")


def test_classifier_that_reads_backwards_is_refused_as_a_start(store):
    with pytest.raises(ValueError, match="both:1 also reads backwards"):
        open_start(store, "both")


def test_states_that_hardly_vary_get_no_huge_weights(store):
    """Divided by their spread alone they did: the first steps exploded, and rounding showed."""
    start = open_start(store, "forwards")
    config = ClassifierNetConfig(stack=start.stack, num_classes=2)
    net = TextClassifier(config)
    net.stack.load_state_dict(start.stack_weights())
    with torch.no_grad():  # a unit that is all but shut
        for name, weight in net.stack.named_parameters():
            if "layers" in name or "cell" in name:
                weight[3::12] = 0.0
    texts = rows(60)
    ids = start.tokenizer.encode_ids_batch(texts.texts)
    fit_head(net, ids, np.array(texts.labels))
    assert net.output.weight.abs().max() < 30


def test_start_that_is_none_is_told_before_data_are_read(tmp_path, caplog):
    argv = ["--data", str(tmp_path / "no.csv"), "--name", "x", "--store", str(tmp_path / "store")]
    with caplog.at_level("INFO"), pytest.raises(StoreError):
        train_classifier.main([*argv, "--init-from", "nobody"])
    assert not any(message.startswith("reading") for message in caplog.messages)


def test_classifier_goes_on_from_another_with_its_tokenizer(store, tmp_path, caplog):
    caplog.set_level("INFO")
    train_classifier.main(["--data", write_reviews(tmp_path / "reviews.csv"), "--name", "second",
                           "--store", str(store.root), "--run-dir", str(tmp_path / "run"),
                           "--init-from", "forwards"])  # fmt: skip

    assert "forwards:1, as it is, answers 1.0000 of " in caplog.text
    first, second = store.open("forwards"), store.open("second")
    assert second.read("tokenizer.json") == first.read("tokenizer.json")
    assert second.config.hidden_size == 12
    probs = ServedClassifier.open(second).probs(["a very tender film", "the plot was awful"])
    assert probs.argmax(axis=1).tolist() == [1, 0]


@pytest.mark.parametrize("num_classes", [2, 3])
def test_head_is_fitted_to_the_states_before_any_step(num_classes, store):
    start = open_start(store, "forwards")
    torch.manual_seed(0)
    net = TextClassifier(ClassifierNetConfig(start.stack, num_classes=num_classes))
    net.stack.load_state_dict(start.stack_weights())
    texts = ["a very tender film", "the plot was awful", "film film film film film"]
    encoded = [start.tokenizer.encode_ids(text) for text in texts[:num_classes]] * 20
    labels = np.arange(num_classes).tolist() * 20

    fit_head(net, encoded, np.asarray(labels))

    for label in range(num_classes):
        ids = encoded[label]
        assert net(torch.tensor([ids]), torch.tensor([len(ids)])).argmax().item() == label
