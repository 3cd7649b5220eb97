"""Passages: whole sentences of a text, of which those are kept that tell their text's label."""

import numpy as np
import pytest

from model_store import Store
from tests.training.toys import BAD, write_reviews
from training import train_classifier
from training.data.labelled_texts import Rows, load_classification
from training.errors import DataError
from training.tasks.text_classification.served import ServedClassifier
from training.tasks.text_generation.label_prompts import load_labelled_corpus
from training.tasks.text_generation.passages import MIN_PROB, passages, telling_passages

FLAGS = ["--embedding-dim", "12", "--hidden-size", "12", "--vocab-size", "320", "--max-epochs", "6",
         "--learning-rate", "0.02", "--batch-size", "16", "--no-baseline"]  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_reviews(tmp_path_factory.mktemp("passages") / "reviews.csv")


@pytest.fixture(scope="module")
def judge(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    train_classifier.main(["--data", table, "--name", "judge", "--store", str(folder / "store"),
                           "--run-dir", str(folder / "run"), *FLAGS])  # fmt: skip
    return ServedClassifier.open(Store(folder / "store").open("judge"))


def sentence(words, end="."):
    return " ".join(["word"] * words) + end


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        (sentence(10), [10]),
        (" ".join([sentence(50)] * 5), [100, 100, 50]),
        (" ".join([sentence(50)] * 4 + [sentence(39)]), [100, 100]),
        (" ".join([sentence(30), sentence(100), sentence(45)]), [130, 45]),
        (sentence(300), [300]),
        ("", []),
        (" <br /><br /> ", []),
    ],
    ids=["short", "even", "short rest", "long next", "endless", "empty", "breaks only"],
)
def test_passages_are_whole_sentences_of_forty_to_120_words_where_these_allow_it(text, lengths):
    assert [len(passage.split()) for passage in passages(text)] == lengths


def test_passages_end_where_a_sentence_does_and_have_no_breaks():
    text = "How odd! Why so?<br /><br />It ran 3.5 hours. " + " ".join([sentence(25)] * 6)

    found = list(passages(text))

    assert " ".join(found) == text.replace("<br /><br />", " ")
    assert all(passage[-1] in ".!?" for passage in found)


def test_kept_passages_are_those_that_the_judge_surely_labels_as_their_text(table, judge):
    data = load_classification([table])
    rows = data.train

    kept = telling_passages(rows, data.labels, judge)

    probs = judge.probs(rows.texts)[np.arange(len(rows)), rows.labels]
    sure = [text for text, prob in zip(rows.texts, probs, strict=True) if prob >= MIN_PROB]
    assert kept.texts == [" ".join(text.split()) for text in sure]
    assert 0 < len(kept) <= len(rows)


def test_labels_in_another_order_keep_the_same_passages(table, judge):
    rows = load_classification([table]).train
    turned = Rows(rows.texts, [1 - label for label in rows.labels])

    here = telling_passages(rows, judge.config.labels, judge)
    there = telling_passages(turned, judge.config.labels[::-1], judge)

    assert here.texts == there.texts


def test_judge_of_other_labels_is_refused(judge):
    with pytest.raises(ValueError, match="the judge knows negative, positive, the data have a, b"):
        telling_passages(Rows(["x"], [0]), ("a", "b"), judge)


def test_data_that_tell_nothing_are_refused(judge):
    mislabelled = Rows([f"{BAD[0]} {BAD[1]} {BAD[2]}"], [1])

    with pytest.raises(DataError, match="of 1 passages the judge surely labels none"):
        telling_passages(mislabelled, judge.config.labels, judge)


def test_corpus_of_passages_is_made_of_kept_ones(table, judge):
    corpus = load_labelled_corpus(table, judge=judge)

    data = load_classification([table], validation_split=0.1)
    kept = telling_passages(data.train, data.labels, judge)
    assert sorted(corpus.train) == sorted(
        f"{data.labels[label]}: {text}" for label, text in zip(kept.labels, kept.texts, strict=True)
    )
