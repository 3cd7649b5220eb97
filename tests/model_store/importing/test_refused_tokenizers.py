"""A tokenizer that is damaged or was edited is refused in one line; what it says is kept to."""

import json

import pytest

from model_store.importing.refused import Refused
from model_store.importing.text import KERAS_FILTERS, Reading, tokenizer_file, vocabulary_file

CONFIG = {"word_index": json.dumps({"good": 1, "film": 2}), "filters": KERAS_FILTERS}


@pytest.fixture
def read(tmp_path):
    def read_content(content):
        path = tmp_path / "tokenizer.json"
        path.write_text(json.dumps(content))
        return tokenizer_file(path)

    return read_content


CHANGES = {
    "no JSON of words": ({"word_index": "{"}, "word_index: Value error, its string holds no JSON"),
    "words nested without end": ({"word_index": "[" * 100_000}, "holds no JSON"),
    "words without ids": ({"word_index": {"a": None}}, "word_index.a"),
    "ids of two kinds": ({"word_index": {"a": 1, "b": "2"}}, "word_index.b"),
    "half a character": ({"word_index": {"a\ud800": 1}}, "surrogate"),
    "num_words that is none": ({"num_words": "5"}, "num_words"),
    "num_words that keeps nothing": ({"num_words": 1}, "num_words: Input should be greater than"),
    "num_words below zero": ({"num_words": -5}, "num_words"),
    "filters that are none": ({"filters": None}, "filters"),
    "nothing to split at": ({"split": ""}, "split"),
    "lower that is no flag": ({"lower": "no"}, "lower"),
}


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES)
def test_a_setting_that_cannot_be_is_refused_by_name(read, change, reason):
    """Filters of null were taken for the letters of "None", and `num_words` of 1 for all words."""
    with pytest.raises(Refused) as refused:
        read({"class_name": "Tokenizer", "config": CONFIG | change})

    assert str(refused.value).startswith("tokenizer.json: ")
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("num_words", [None, 0])
def test_without_a_limit_all_words_are_kept(read, num_words):
    tokenizer = read({"class_name": "Tokenizer", "config": CONFIG | {"num_words": num_words}})

    assert tokenizer.encode_ids("film good") == [2, 1]


@pytest.mark.parametrize("content", [{}, {"config": None}, {"config": []}, {"config": {}}], ids=str)
def test_a_tokenizer_without_settings_is_refused(read, content):
    with pytest.raises(Refused, match=r"tokenizer\.to_json\(\)"):
        read({"class_name": "Tokenizer"} | content)


def test_a_refusal_does_not_repeat_a_whole_file(read):
    with pytest.raises(Refused) as refused:
        read("x" * 100_000)

    assert len(str(refused.value)) < 1_000


def test_the_mark_that_windows_puts_before_utf8_is_no_part_of_a_word(tmp_path):
    (tmp_path / "words.txt").write_text("[UNK]\ngood\nfilm\n", encoding="utf-8-sig")

    reading = Reading("none", adds_special=False)
    tokenizer = vocabulary_file(tmp_path / "words.txt", reading)

    assert tokenizer.pieces(range(3)) == ["[UNK]", "good", "film"]
