"""The user's own labelled texts: every form that is read, and every bad row found."""

import gzip
import json

import pytest

from training.data.own_files import ReadOptions
from training.data.own_texts import read_own
from training.data.text_files import read_bytes
from training.errors import DataError


@pytest.fixture
def read(tmp_path):
    """Write a file and read it."""

    def read(name, content, **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_own([path], ReadOptions(**options))

    return read


def pairs(labelled):
    return [(row.text, row.label) for row in labelled.train]


def problems(labelled):
    return [(row.line, row.reason) for row in labelled.bad_rows]


FINE = [("good, really", "1"), ("bad", "0")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'text,label\n"good, really",1\nbad,0\n'),
        ("a.csv", "text;label\ngood, really;1\nbad;0\n"),
        ("a.csv", "label|text\n1|good, really\n0|bad"),
        ("a.csv", 'text,label\r\n"good, really",1\r\nbad,0\r\n'),
        ("a.csv", 'id,label,text\n7,1,"good, really"\n\n8, 0 , bad \n'),
        ("a.csv", b'\xef\xbb\xbftext,label\n"good, really",1\nbad,0\n'),
        ("a.csv.gz", gzip.compress(b'text,label\n"good, really",1\nbad,0\n')),
        ("a.tsv", "text\tlabel\ngood, really\t1\nbad\t0\n"),
        ("a.jsonl", '{"text": "good, really", "label": 1}\n\n{"label": "0", "text": "bad"}'),
        ("a.jsonl", '{"text": "good, really", "label": 1.0}\r\n{"label": 0, "text": "bad"}\r\n'),
        ("a.json", '[{"text": "good, really", "label": 1}, {"label": "0", "text": "bad"}]'),
        ("a.json", '{"text": "good, really", "label": 1}\n{"label": "0", "text": "bad"}'),
        (
            "a.json",
            '{"n": 2, "rows": [{"text": "good, really", "label": 1},{"label": 0, "text": "bad"}]}',
        ),
        ("a.txt", "__label__1 good, really\n\n__label__0 bad\n"),
        ("a.train.gz", gzip.compress(b"\n__label__1 good, really\nbad __label__0")),
        ("a.csv", 'text,label\n"good, really",1\nbad,0\n'.encode("utf-16")),
        ("a.csv", 'text,label\n"good, really",1\nbad,0\n'.encode("utf-32")),
        ("A.CSV", 'text,label\n"good, really",1\nbad,0\n'),
    ],
    ids=[
        "comma",
        "semicolon",
        "bar",
        "CRLF",
        "more columns",
        "BOM",
        "gzip",
        "tab",
        "JSON lines",
        "JSON CRLF",
        "JSON array",
        "JSON lines by another name",
        "JSON array inside",
        "fastText",
        "fastText packed",
        "UTF-16",
        "UTF-32",
        "capitals",
    ],
)
def test_form_is_read(read, name, content):
    labelled = read(name, content)
    assert pairs(labelled) == FINE
    assert not labelled.bad_rows


def test_columns_are_named_by_the_caller(read):
    labelled = read("a.csv", "stars,review\n5,fine\n", text_column="review", label_column="stars")
    assert pairs(labelled) == [("fine", "5")]


def test_quoted_line_breaks_and_huge_fields_are_text(read):
    huge = "long " * 100_000
    labelled = read("a.csv", f'text,label\n"one\ntwo",a\n"{huge}",b\nlast,a\n')
    assert pairs(labelled) == [("one\ntwo", "a"), (huge.strip(), "b"), ("last", "a")]
    assert [row.place for row in labelled.train] == ["line 2", "line 4", "line 5"]


def test_bad_rows_are_counted_with_their_first_lines(read):
    content = (
        b'text,label\n"one\ntwo",a\n  ,b\nx,\ncaf\xe9 caf\xc3\xa9 \xc3\xa9,a\nx,y,z\nfine,b\nonly\n'
    )
    labelled = read("a.csv", content)
    assert pairs(labelled) == [("one\ntwo", "a"), ("fine", "b")]
    assert problems(labelled) == [
        (4, "empty text"),
        (5, "missing label"),
        (6, "not UTF-8"),
        (7, "3 columns instead of 2"),
        (9, "1 column instead of 2"),
    ]
    assert labelled.rows_read == 7


def test_bad_json_rows_are_counted_with_their_lines(read):
    rows = [
        '{"text": "fine", "label": "a"}',
        "{broken",
        "[1, 2]",
        '{"text": "no label"}',
        '{"text": null, "label": "a"}',
        '{"text": 5, "label": "a"}',
        '{"text": "x", "label": Infinity}',
        '{"text": "x", "label": {}}',
        '{"text": "half \\ud800", "label": "a"}',
        "[" * 100_000,
    ]
    assert problems(read("a.jsonl", "\n".join(rows))) == [
        (2, "not JSON"),
        (3, "not a JSON object"),
        (4, "missing label"),
        (5, "empty text"),
        (6, "text is not a string"),
        (7, "label is neither text nor a number"),
        (8, "label is neither text nor a number"),
        (9, "not UTF-8"),
        (10, "not JSON"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        {"text": {"0": "good, really", "1": "bad"}, "label": {"0": 1, "1": 0}},
        {"text": ["good, really", "bad"], "label": [1, 0]},
        {"columns": ["label", "text"], "index": [0, 1], "data": [[1, "good, really"], [0, "bad"]]},
        {"7": {"text": "good, really", "label": 1}, "8": {"text": "bad", "label": 0}},
    ],
    ids=["columns", "lists", "split", "index"],
)
def test_json_as_pandas_writes_it_is_read(read, content):
    assert pairs(read("a.json", json.dumps(content, indent=1))) == FINE


def test_labels_of_json_are_those_of_csv(read):
    labels = ["true", "false", "4.5", "2.0", "NaN", '" b "']
    labelled = read("a.jsonl", "\n".join(f'{{"text": "x", "label": {one}}}' for one in labels))
    assert [label for _, label in pairs(labelled)] == ["true", "false", "4.5", "2", "b"]
    assert problems(labelled) == [(5, "missing label")]


def test_line_separators_inside_json_strings_end_no_line(read):
    row = json.dumps({"text": "one\u2028two", "label": "a"}, ensure_ascii=False)
    assert pairs(read("a.jsonl", row)) == [("one\u2028two", "a")]


def test_unclosed_quote_loses_its_own_line_only(read):
    """A reader that goes on to the closing quote swallows every row up to it, or to the end."""
    labelled = read("a.csv", 'text,label\n"oops,a\nfine,b\n"good",a\n"at the end,b\n')
    assert pairs(labelled) == [("fine", "b"), ("good", "a")]
    assert problems(labelled) == [
        (2, "a quote that is not closed"),
        (5, "a quote that is not closed"),
    ]


def test_quotes_in_tab_separated_text_need_no_closing(read):
    labelled = read("a.tsv", 'text\tlabel\n"Great" film\t1\n"oops\t0\n"whole"\t1\nit\'s "ok\t0\n')
    assert [text for text, _ in pairs(labelled)] == ['"Great" film', '"oops', "whole", "it's \"ok"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "review,stars\ngood,1\n", "no column named 'text'.*'review', 'stars'.*--text-"),
        ("a.csv", "review;stars\ngood;1\n", "no column named 'text'.*'review', 'stars'"),
        ("a.csv", "Text,Lable\ngood,1\n", r"Did you mean --text-column Text\?"),
        ("a.csv", "text,my lable\ngood,1\n", r"Did you mean --label-column 'my lable'\?"),
        ("a.csv", "so good,1\nso bad,0\n", "if that line is a row, give --no-header"),
        ("a.csv", "text,text,label\na,b,1\n", "several columns named 'text'.*Rename all but one"),
        ("a.jsonl", '{"text": "good", "stars": 1}', "'label'.*'stars', 'text'.*--label-column"),
        ("a.csv", "", "is empty: its first line names the columns"),
        ("a.csv", "text,label\n", "no row that can be used: it is empty"),
        ("a.csv", "text,label\n,1\n,2\n", "no row that can be used: lines 2, 3: empty text"),
        (
            "a.csv",
            b"text,label\ncaf\xe9 \xc3\xa9\xc3\xa9,1\n",
            r"line 2: not UTF-8; save it as UTF-8",
        ),
        ("a.csv", "text,label\ngood,1\n".encode("utf-16-le"), r"is UTF-16 without a mark.*iconv"),
        ("a.json", "[1, 2]", "row 1, 2|rows 1, 2: not a JSON object"),
        ("a.parquet", b"PAR1 but not really", "cannot be read as Parquet"),
        ("a.txt", "no labels here", "lines that begin with __label__"),
        ("a.txt", "__label__a\n__label__a __label__b x\n", "line 1: empty text.*several labels"),
        ("a.csv", bytes(range(1, 256)) * 9, "is not UTF-8, or not text"),
        ("a.csv", gzip.compress(b"text,label\ngood,1\n"), r"is packed: name it a\.csv\.gz"),
        ("a.csv", b"PK\x03\x04...", "is a ZIP archive or a spreadsheet"),
        ("a.jsonl", "", "no row that can be used"),
        ("a.json", '[{"text": "a",\n "label"', "begins as an array and is no JSON: .*line 2"),
        ("a.json", '{"train": [{"a": 1}], "test": [{"a": 2}]}', "tables.*each into a file of its"),
        ("a.jsonl", '[{"text": "a", "label": 1}]', r"let its name end in \.json"),
        ("a.parquet.gz", gzip.compress(b"PAR1"), "unpack it"),
        ("a.csv", b"PAR1\x00\xff", r"let its name end in \.parquet"),
        ("a.json", '[{"body": "a", "label": 1}]', "those that it has are: 'body', 'label'"),
        ("a.xlsx", "PK", r"\.csv, \.tsv, \.jsonl"),
        ("a.csv.gz", "not packed", "cannot be read"),
    ],
    ids=[
        "other columns",
        "other columns, semicolons",
        "other case",
        "a slip in a name",
        "no names",
        "one twice",
        "other keys",
        "empty",
        "header only",
        "all bad",
        "a slip",
        "UTF-16 without a mark",
        "array of numbers",
        "no Parquet",
        "no fastText",
        "fastText without text",
        "bytes",
        "packed",
        "spreadsheet",
        "no JSON",
        "cut off",
        "several tables",
        "array as lines",
        "packed Parquet",
        "Parquet by another name",
        "other keys of an array",
        "other kind",
        "not gzip",
    ],
)
def test_file_that_cannot_be_used_says_why(read, name, content, message):
    with pytest.raises(DataError, match=f"(?s){name}.*{message}") as refused:
        read(name, content)

    assert "\n" not in str(refused.value)


def test_packed_file_is_unpacked_up_to_a_limit(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"x" * 1001))

    assert len(read_bytes(path, max_bytes=1001)) == 1001
    with pytest.raises(DataError, match="holds more than 1,000 bytes.*split it"):
        read_bytes(path, max_bytes=1000)


def test_class_folders_give_labels_and_files_give_texts(tmp_path):
    for label, file, content in [
        ("ham", "b.txt", b"hello\n"),
        ("ham", "a.txt", b"caf\xc3\xa9"),
        ("ham", ".hidden", b"x"),
        ("spam", "1.txt", b"\xef\xbb\xbfbuy"),
        ("spam", "2.txt", b" \n"),
        ("spam", "3.txt", b"\xe9 \xc3\xa9\xc3\xa9"),
        ("spam", "4.md", b"notes"),
        ("spam", "5.txt.gz", gzip.compress(b"cheap")),
    ]:
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / file).write_bytes(content)
    (tmp_path / "README").write_text("about")
    labelled = read_own([tmp_path], ReadOptions())
    assert pairs(labelled) == [
        ("café", "ham"),
        ("hello", "ham"),
        ("buy", "spam"),
        ("cheap", "spam"),
    ]
    assert [(row.file.rpartition("/")[2], row.reason) for row in labelled.bad_rows] == [
        ("README", "not in a class folder"),
        ("2.txt", "empty text"),
        ("3.txt", "not UTF-8"),
        ("4.md", "not a .txt file"),
    ]
    assert labelled.rows_read == 8


def test_folder_without_class_folders_says_what_is_wanted(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match="holds no folders and no tables: put the .txt files"):
        read_own([tmp_path], ReadOptions())
