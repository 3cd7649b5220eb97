import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_store.words import UNKNOWN, WordVocabulary, normal_form, split_words


def words_of(text):
    return [text[start:end] for start, end in split_words(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("She didn't go.", "She did n't go ."),
        ("It's John’s; they'll win", "It 's John ’s ; they 'll win"),
        ("Dr. No left the U.S. on 3rd May, 10:30.", "Dr. No left the U.S. on 3rd May , 10:30 ."),
        ("$1,200.50 (or 5%)", "$ 1,200.50 ( or 5 % )"),
        ("see https://a.example/b?c=d, or me@b.example!", "see https://a.example/b?c=d , or "
         "me@b.example !"),
        ("well... no -- yes?! :-)", "well ... no -- yes ?! :-)"),
        ("Zoë naïve Ελλάδα привет", "Zoë naïve Ελλάδα привет"),
        ("", ""),
        (" \n\t ", ""),
    ],
)  # fmt: skip
def test_words_are_split_as_treebanks_do_it(text, words):
    assert words_of(text) == words.split()


@given(st.text(max_size=80))
def test_words_cover_all_but_spaces_in_order(text):
    spans = split_words(text)
    assert "".join(words_of(text)) == "".join(text.split())
    assert all(one[1] <= two[0] for one, two in zip(spans, spans[1:], strict=False))


def test_a_long_text_without_spaces_is_split_in_time_that_grows_with_its_length():
    assert len(split_words("a." * 50_000)) < 100_000
    assert len(split_words("-" * 100_000)) == 1


def test_unknown_words_and_characters_have_an_id():
    vocabulary = WordVocabulary(words=["a", "film", "00"], characters="aflm")
    assert vocabulary.word_ids(["A", "filM", "42", "zebra"]) == [2, 3, 4, UNKNOWN]
    assert vocabulary.character_ids("flax", 20) == [3, 4, 2, UNKNOWN]
    assert normal_form("Boeing 747") == "boeing 000"


def test_of_a_long_word_both_ends_are_read():
    vocabulary = WordVocabulary(words=["a"], characters="abcdef")
    assert vocabulary.character_ids("abcdef", 3) == vocabulary.character_ids("aef", 3)
