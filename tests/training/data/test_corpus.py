"""load_corpus: named sets and the user's own text, as documents."""

import gzip
import json

import pytest

from tests.training.real_data import real_data
from training.data.corpus import load_corpus
from training.data.named_sets import SETS
from training.errors import DataError


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    """Point DATA_DIR at a folder; return a function that writes a set's file there."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    def write(name, file, content):
        path = tmp_path / name / file
        path.parent.mkdir(exist_ok=True)
        data = content.encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)

    return write


def all_documents(data):
    return data.train + data.validation + data.test


def test_tiny_shakespeare_is_cut_after_nine_tenths(data_dir):
    data_dir("tiny_shakespeare", "input.txt", "0123456789" * 10)
    data = load_corpus("tiny_shakespeare", validation_split=0.5)
    assert data.train == ["0123456789" * 9]
    assert data.validation == data.test == ["0123456789"]
    assert [(entry.split, entry.rows) for entry in data.datasets] == [
        ("train", 90),
        ("validation", 10),
        ("test", 10),
    ]


def test_names_are_split_by_distinct_name(data_dir):
    names = [f"name{n}" for n in range(100)]
    data_dir("names", "names.txt", "\n".join(names + names[:30]))
    data = load_corpus("names")
    assert sorted(all_documents(data)) == sorted(names)
    assert (len(data.train), len(data.validation), len(data.test)) == (81, 9, 10)
    assert data.prompts == ()
    assert data.report.num_dropped == 30


def test_names_by_language_begin_with_one_of_the_prompts(data_dir):
    for file in SETS["names_by_language"].files:
        data_dir("names_by_language", file, "\n".join(f"Of{file[:-4]}{n}" for n in range(20)))
    data = load_corpus("names_by_language")
    assert len(data.prompts) == 18
    assert "Italian" in data.prompts
    for document in all_documents(data):
        language, _, name = document.partition(":")
        assert language in data.prompts
        assert name.startswith(f"Of{language}")
    assert {document.partition(":")[0] for document in data.validation} == set(data.prompts)


def test_imdb_leaves_out_whatever_is_in_its_test_split(data_dir):
    def rows(texts):
        return "".join(json.dumps({"id": "", "label": 1, "text": text}) + "\n" for text in texts)

    data_dir("imdb", "train.jsonl.gz", rows([f"labelled {n}" for n in range(50)] + ["tested"]))
    data_dir("imdb", "test.jsonl.gz", rows(["tested", "tested  too"]))
    unlabelled = [f"unlabelled {n}" for n in range(50)] + ["labelled 7", "tested too"]
    data_dir("imdb", "unsupervised.jsonl.gz", rows(unlabelled))
    data = load_corpus("imdb")
    expected = [f"{kind} {n}" for kind in ("labelled", "unlabelled") for n in range(50)]
    assert sorted(all_documents(data)) == sorted(expected)
    assert (len(data.train), len(data.validation), len(data.test)) == (81, 9, 10)
    assert data.report.sources[0].rows_read == 103
    assert data.report.num_dropped == 3


def test_word_level_sets_end_each_line_with_a_word(data_dir):
    for split in ("train", "valid", "test"):
        data_dir("ptb", f"ptb.{split}.txt.gz", f" {split} it \n \n no <unk> \n")
    data = load_corpus("ptb")
    assert data.train == ["train it <eos> <eos> no <unk> <eos>"]
    assert data.validation == ["valid it <eos> <eos> no <unk> <eos>"]
    assert data.test == ["test it <eos> <eos> no <unk> <eos>"]


def test_own_text_is_cut_at_a_line_break(tmp_path):
    path = tmp_path / "play.txt"
    lines = [f"line {n:03}" for n in range(1000)]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    data = load_corpus(str(path), validation_split=0.1)
    assert data.train[0].endswith("\n")
    assert data.train[0] + data.validation[0] == "\n".join(lines)
    assert data.validation[0].startswith("line 9")
    assert data.test == []
    assert data.datasets[0].name == "play.txt"


def test_split_of_one_long_text_is_told_in_characters(tmp_path):
    path = tmp_path / "play.txt"
    path.write_text("0123456789" * 10)

    lines = load_corpus(str(path)).report.lines()

    assert lines[1:] == ["train: 90 characters", "validation: 10 characters"]


def test_own_lines_become_documents_without_blank_ones(tmp_path):
    path = tmp_path / "proverbs.txt"
    path.write_text("\n".join([f"  proverb {n}" for n in range(20)] + ["", " ", "proverb 3", ""]))
    data = load_corpus(str(path), lines=True, validation_split=0.2)
    assert sorted(all_documents(data)) == sorted(
        [f"proverb {n}" for n in range(20)] + ["proverb 3"]
    )
    assert not set(data.train) & set(data.validation)
    assert data.report.sources[0].dropped == {"blank lines": 2}


def test_own_folder_gives_a_document_a_file(tmp_path):
    (tmp_path / "deeper").mkdir()
    for n in range(5):
        (tmp_path / f"{n}.txt").write_text(f"text {n}\n")
    (tmp_path / "deeper" / "5.txt.gz").write_bytes(gzip.compress(b"text 5\n"))
    (tmp_path / "notes.md").write_text("not this")
    data = load_corpus(str(tmp_path))
    assert sorted(all_documents(data)) == [f"text {n}\n" for n in range(6)]
    assert len(data.validation) == 1
    assert data.report.sources[0].notes == ("passed over, for it is not .txt: 1 file",)


def test_lines_that_are_not_utf_8_are_left_out_and_told(tmp_path):
    path = tmp_path / "mixed.txt"
    path.write_bytes(b"fine\ncaf\xe9\n" + "même\n".encode() * 50 + b"\xff\n")
    data = load_corpus(str(path))
    assert "caf" not in data.train[0]
    assert [(row.line, row.reason) for row in data.report.bad_rows] == [
        (2, "not UTF-8"),
        (53, "not UTF-8"),
    ]
    assert "mixed.txt, lines 2, 53: not UTF-8" in "\n".join(data.report.lines())
    assert data.report.sources[0].rows_read == 53


def test_text_in_another_encoding_is_read(tmp_path):
    path = tmp_path / "own.txt"
    path.write_bytes("Привет, мир!\n".encode("cp1251") * 30)
    assert load_corpus(str(path)).train[0].startswith("Привет, мир!\nПривет")
    assert load_corpus(str(path), encoding="cp1252").train[0].startswith("Ïðèâåò")


@pytest.mark.parametrize(
    ("content", "lines", "message"),
    [
        (b"", False, "holds no text"),
        (b" \n \n", True, "holds no text"),
        (b"one line", True, "too short"),
        (b"x", False, "too short"),
        ("text".encode("utf-16-le"), False, "UTF-16 without a mark.*iconv"),
        (bytes(range(1, 256)), False, "is not UTF-8, or not text.*iconv"),
        ("é \udce9".encode(errors="surrogateescape"), False, "own.txt, line 1: not UTF-8"),
    ],
    ids=["empty", "blank", "one document", "one character", "UTF-16", "bytes", "a slip"],
)
def test_text_that_cannot_be_split_is_refused(tmp_path, content, lines, message):
    path = tmp_path / "own.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_corpus(str(path), lines=lines)


def test_folder_without_text_files_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"holds no text in \.txt files"):
        load_corpus(str(tmp_path))


def test_unknown_source_is_refused_with_the_names():
    with pytest.raises(DataError, match="'nothing' is no named set of texts.*tiny_shakespeare"):
        load_corpus("nothing")


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_share_must_leave_both_sides(share):
    with pytest.raises(DataError, match=f"between 0 and 1, not {share}"):
        load_corpus("names", validation_split=share)


@real_data
@pytest.mark.parametrize(
    ("source", "train", "validation", "test"),
    [
        ("ptb", 929_589, 73_760, 82_430),
        ("wikitext2", 2_088_628, 217_646, 245_569),
    ],
)
def test_real_word_level_sets_have_the_published_numbers_of_tokens(source, train, validation, test):
    data = load_corpus(source)
    counts = [len(split[0].split(" ")) for split in (data.train, data.validation, data.test)]
    assert counts == [train, validation, test]


@real_data
@pytest.mark.parametrize(
    ("source", "counts"),
    [
        ("tiny_shakespeare", (1, 1, 1)),
        ("names", (23_891, 2_654, 2_949)),
        ("names_by_language", (14_593, 1_620, 1_799)),
        ("imdb", (69_722, 1_946, 2_000)),
    ],
)
def test_real_corpora_give_these_documents(source, counts):
    data = load_corpus(source)
    assert (len(data.train), len(data.validation), len(data.test)) == counts
    assert not data.report.bad_rows
