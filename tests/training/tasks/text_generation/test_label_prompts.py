"""load_labelled_corpus: labelled texts as documents that begin with their label."""

from itertools import pairwise

from tests.training.toys import write_reviews
from training.data.labelled_texts import load_classification
from training.data.own_files import ReadOptions
from training.tasks.text_generation.label_prompts import load_labelled_corpus


def test_each_document_is_its_label_and_its_text(tmp_path):
    path = write_reviews(tmp_path / "reviews.csv", columns=("body", "mood"))

    corpus = load_labelled_corpus(
        path, options=ReadOptions(text_column="body", label_column="mood")
    )
    data = load_classification([path], options=ReadOptions(text_column="body", label_column="mood"),
                               validation_split=0.1)  # fmt: skip

    labels = [data.labels[label] for label in data.train.labels]
    assert sorted(corpus.train) == sorted(
        f"{label}: {text}" for label, text in zip(labels, data.train.texts, strict=True)
    )
    assert corpus.prompts == ("negative", "positive")
    assert [(entry.split, entry.rows) for entry in corpus.datasets] == [
        ("train", len(corpus.train)),
        ("validation", len(corpus.validation)),
    ]


def test_of_large_held_out_splits_every_nth_text_is_kept(tmp_path):
    path = write_reviews(tmp_path / "reviews.csv", count=9000)

    corpus = load_labelled_corpus(path, validation_split=0.5)

    data = load_classification([path], validation_split=0.5)
    assert len(data.validation) > 4000
    assert len(corpus.validation) == -(-len(data.validation) // 3) <= 2000
    assert corpus.validation[1].endswith(data.validation.texts[3])


def test_no_label_can_be_told_from_the_document_before(tmp_path):
    path = tmp_path / "sorted.csv"
    rows = [f"{label} text {place},{label}" for label in ("bad", "good") for place in range(200)]
    path.write_text("\n".join(["text,label", *rows]))

    labels = [document[0] for document in load_labelled_corpus(str(path)).train]

    changes = sum(here != there for here, there in pairwise(labels))
    assert 0.4 < changes / len(labels) < 0.6
