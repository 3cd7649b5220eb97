"""What teachers say of texts without labels is what a net learns, and no held-out text is among
them."""

import random
from dataclasses import replace

import numpy as np
import pytest

from model_store import ClassifierConfig, Store
from tests.training.toys import review, write_reviews
from training import train_classifier
from training.data.labelled_texts import load_classification
from training.errors import DataError
from training.fitting.naive_bayes import NaiveBayes
from training.reports.baseline import Baseline
from training.script import run_script
from training.tasks.text_classification.encoding import encode_training
from training.tasks.text_classification.flags import parse
from training.tasks.text_classification.served import ServedClassifier
from training.tasks.text_classification.teachers import geometric_mean, read_unlabelled, teach

SMALL = ["--embedding-dim", "12", "--hidden-size", "12", "--vocab-size", "320", "--max-epochs", "4",
         "--learning-rate", "0.02", "--batch-size", "16", "--no-baseline"]  # fmt: skip


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with labelled and unlabelled texts, and a classifier in its store."""
    folder = tmp_path_factory.mktemp("teachers")
    labelled = write_reviews(folder / "reviews.csv")
    source = random.Random(1)
    texts = [review(place % 2, source) for place in range(60)]
    (folder / "more.txt").write_text("\n".join([*texts, texts[0], ""]))
    train_classifier.main(["--data", labelled, "--name", "teacher", "--store",
                           str(folder / "store"), "--run-dir", str(folder / "run"),
                           *SMALL])  # fmt: skip
    return folder


@pytest.fixture
def data(work):
    return load_classification([str(work / "reviews.csv")], test_split=0.2)


def flags(work, *argv):
    return ["--data", str(work / "reviews.csv"), "--name", "student", "--store",
            str(work / "store"), "--run-dir", str(work / "run2"), *SMALL, *argv]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "fitted"), [("bag-of-words", Baseline), ("naive-bayes", NaiveBayes)]
)
def test_taught_probabilities_are_the_geometric_mean_of_the_teachers(work, data, name, fitted):
    store = Store(work / "store")

    taught = teach(str(work / "more.txt"), ["teacher:1", name], store=store, data=data)

    served = ServedClassifier.open(store.open("teacher")).probs(taught.texts)
    counted = fitted(data.train.texts, data.train.labels).probs(taught.texts)
    mean = np.sqrt(np.maximum(served, 1e-6) * np.maximum(counted, 1e-6))
    np.testing.assert_allclose(taught.probs, mean / mean.sum(axis=1, keepdims=True), rtol=1e-5)
    assert len(taught.texts) == 60


def test_no_teacher_decides_alone_however_certain():
    certain, unsure = np.array([[1.0, 0.0]]), np.array([[0.4, 0.6]])

    together = geometric_mean([certain, unsure])

    assert 0 < together[0, 1] < 0.01
    np.testing.assert_allclose(together.sum(), 1)


def test_teacher_with_its_labels_in_another_order_teaches_the_same(work, data):
    store, source = Store(work / "store"), str(work / "more.txt")
    turned = replace(data, labels=data.labels[::-1])

    taught = teach(source, ["teacher"], store=store, data=data)
    other = teach(source, ["teacher"], store=store, data=turned)

    np.testing.assert_array_equal(taught.probs, other.probs[:, ::-1])


def test_text_of_any_split_is_never_taught(work, data, tmp_path):
    splits = (data.train, data.validation, data.tests["user"])
    known = [split.texts[0] for split in splits]
    path = tmp_path / "more.txt"
    path.write_text("\n".join([*(f"  {text} " for text in known), "something new"]))

    assert read_unlabelled(str(path), data) == ["something new"]


def test_source_without_a_new_text_is_refused(data, tmp_path):
    path = tmp_path / "more.txt"
    path.write_text(data.train.texts[0])

    with pytest.raises(DataError, match="has no text that the data do not have"):
        read_unlabelled(str(path), data)


def test_given_labels_stay_certain_beside_taught_ones(work, data):
    stored = Store(work / "store").open("teacher")
    taught = teach(str(work / "more.txt"), ["teacher"], store=Store(work / "store"), data=data)

    assert isinstance(stored.config, ClassifierConfig)
    encoded = encode_training(data, taught, stored.tokenizer(), stored.config)

    num_given = len(data.train)
    given = np.eye(2)[data.train.labels]
    np.testing.assert_array_equal(encoded.labels[:num_given], given)
    np.testing.assert_array_equal(encoded.labels[num_given:], taught.probs)


def test_student_is_published_with_who_taught_it(work):
    train_classifier.main(
        flags(work, "--unlabelled", str(work / "more.txt"), "--teachers", "teacher:1",
              "bag-of-words")
    )  # fmt: skip

    stored = Store(work / "store").open("student")
    assert stored.manifest.datasets[-1].split == "unlabelled, taught by teacher:1, bag-of-words"
    assert stored.manifest.datasets[-1].rows == 60
    probs = ServedClassifier.open(stored).probs(["a very tender film", "the plot was awful"])
    assert probs.argmax(axis=1).tolist() == [1, 0]


MISTAKES = [
    (["--teachers", "nobody"], "no model 'nobody' in the store"),
    (["--teachers", "bag-of-words:imdb"], "imdb is not among the data trained on"),
    (["--unlabelled", "nothing.txt", "--teachers", "teacher"], "'nothing.txt' is no named set"),
]


@pytest.mark.parametrize(("argv", "message"), MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES])
def test_mistake_ends_with_code_2_and_one_line(argv, message, work, caplog):
    given = flags(work, "--unlabelled", str(work / "more.txt"), *argv)

    code = run_script(train_classifier.main, given)

    assert code == 2
    assert message in caplog.messages[-1]


def test_teacher_of_other_labels_is_refused(work, tmp_path, caplog):
    text = (work / "reviews.csv").read_text().replace(",negative", ",bad")
    (tmp_path / "other.csv").write_text(text)
    given = flags(work, "--unlabelled", str(work / "more.txt"), "--teachers", "teacher")

    code = run_script(train_classifier.main, [*given, "--data", str(tmp_path / "other.csv")])

    assert code == 2
    assert "the labels of teacher (negative, positive) are not those" in caplog.messages[-1]


@pytest.mark.parametrize("alone", [["--teachers", "a"], ["--unlabelled", "imdb"]])
def test_teachers_and_unlabelled_texts_go_together(alone, capsys):
    with pytest.raises(SystemExit):
        parse(["--data", "x", "--name", "x", *alone])

    assert "--unlabelled and --teachers go together" in capsys.readouterr().err
