"""Data that are not there are told with those that were meant."""

import pytest

from training.data.corpus import load_corpus
from training.data.labelled_texts import load_classification
from training.data.sentence_pairs import load_pairs
from training.errors import DataError, meant


@pytest.mark.parametrize(
    ("load", "source", "named"),
    [
        (lambda source: load_classification([source]), "imbd", "imdb"),
        (lambda source: load_corpus(source), "tiny_shakespear", "tiny_shakespeare"),
        (
            lambda source: load_pairs(source, source_column="a", target_column="b",
                                      validation_split=0.1, test_split=0.1, seed=0),
            "eng_fr",
            "eng_fra",
        ),
    ],
    ids=["labels", "texts", "pairs"],
)  # fmt: skip
def test_mistyped_set_is_told_with_the_one_that_was_meant(load, source, named):
    with pytest.raises(DataError, match=f"did you mean '{named}'"):
        load(source)


def test_mistyped_file_is_told_with_its_neighbour(tmp_path):
    (tmp_path / "tickets.csv").touch()

    assert meant(str(tmp_path / "ticket.csv"), ["imdb"]).endswith("tickets.csv'?")
    assert meant("nothing/like/it", ["imdb"]) == ""
