"""Texts to measure with are read as they were meant, or refused in one line."""

import pytest

from model_store.sample_texts import UnreadableTexts, read_texts


def file_of(folder, content, name="texts.csv"):
    path = folder / name
    path.write_bytes(content.encode())
    return path


def test_a_quoted_line_break_is_part_of_the_text(tmp_path):
    path = file_of(tmp_path, 'text,label\r\n"a good\r\nfilm",good\r\n"a ""bad"" film",bad\r\n')

    assert read_texts(path) == [("a good\nfilm", "good"), ('a "bad" film', "bad")]


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_a_row_ends_at_line_breaks_alone(tmp_path, mark):
    """Python's own splitting of lines knows more ends, and cut such texts in two."""
    path = file_of(tmp_path, f"text,label\na good{mark}film,good\n")

    assert read_texts(path) == [(f"a good{mark}film", "good")]


def test_an_empty_label_is_none(tmp_path):
    path = file_of(tmp_path, "text,label\na film,\nanother\nthird,good\n")

    assert [label for _, label in read_texts(path)] == [None, None, "good"]


def test_a_long_text_is_read_whole(tmp_path):
    path = file_of(tmp_path, f"text\n{'a' * 200_000}\n")

    assert read_texts(path) == [("a" * 200_000, None)]


def test_another_file_is_one_text(tmp_path):
    path = file_of(tmp_path, "To be,\nor not", "play.txt")

    assert read_texts(path) == [("To be,\nor not", None)]


def test_a_file_over_the_limit_is_refused(tmp_path):
    path = file_of(tmp_path, "a" * 11, "play.txt")

    with pytest.raises(UnreadableTexts, match=r"play\.txt: over 10 characters: measure with"):
        read_texts(path, max_characters=10)
