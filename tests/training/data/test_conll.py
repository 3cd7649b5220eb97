import pytest

from tests.training.real_data import real_data
from training.data.conll import load_tagged
from training.errors import DataError

SENTENCE = "Ann B-PER\nsaw O\nNew B-LOC\nYork I-LOC\n\n"


def write(tmp_path, text):
    path = tmp_path / "names.conll"
    path.write_text(text)
    return str(path)


def varied(count=30):
    return "".join(SENTENCE.replace("saw", f"saw{place}") for place in range(count))


def test_sentences_are_split_and_labels_completed(tmp_path):
    data = load_tagged(write(tmp_path, "-DOCSTART- -X- O\n\n# comment\n" + varied()))
    assert data.labels == ("B-LOC", "B-PER", "I-LOC", "I-PER", "O")
    assert data.scheme == "bio"
    assert (len(data.train), len(data.validation), len(data.test)) == (24, 3, 3)
    assert data.train[0].words[0] == "Ann"


def test_copies_of_a_sentence_stay_on_one_side(tmp_path):
    data = load_tagged(write(tmp_path, varied() * 3))
    sides = [
        {tuple(one.words) for one in part} for part in (data.train, data.validation, data.test)
    ]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 30


@pytest.mark.parametrize(
    ("bad", "line", "reason"),
    [
        ("He O\nleft I-LOC\n\n", 2, "'I-LOC' after 'O': it must begin with B-LOC"),
        ("Ann B-PER\nYork I-LOC\n\n", 2, "'I-LOC' after 'B-PER': it must begin with B-LOC"),
        ("Ann S-PER\n\n", 1, "'S-PER' is none of O, B-X and I-X: convert the file to BIO"),
        ("alone\n\n", 1, "1 columns, 2 are needed"),
    ],
)
def test_a_sentence_that_breaks_the_scheme_is_told_with_its_line(tmp_path, bad, line, reason):
    data = load_tagged(write(tmp_path, bad + varied()))
    [row] = data.report.bad_rows
    assert (row.line, row.reason) == (line, reason)


def test_columns_are_chosen_by_number(tmp_path):
    text = "\n\n".join(
        f"{place}\tword{place}\tNOUN\tx\n{place}\tis\tVERB\ty" for place in range(30)
    )
    data = load_tagged(write(tmp_path, text), word_column=2, label_column=3)
    assert (data.labels, data.scheme) == (("NOUN", "VERB"), "plain")


@pytest.mark.parametrize(
    ("text", "words"), [("", "no sentence"), ("a X\n\nb X\n\n", "too few"), (varied(2), "too few")]
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        load_tagged(write(tmp_path, text))


@real_data
def test_the_treebank_is_read_as_its_publisher_counts_it():
    data = load_tagged("ud_english_ewt")
    parts = (data.train, data.validation, data.test)
    assert [len(part) for part in parts] == [12_544, 2_001, 2_077]
    assert [sum(len(one.words) for one in part) for part in parts] == [204_577, 25_147, 25_094]
    assert len(data.labels) == 17
