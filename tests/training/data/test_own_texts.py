"""Every shape in which people have labelled texts: folders, splits, encodings, label writings."""

import gzip
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.data.own_files import ReadOptions
from training.data.own_texts import read_own
from training.data.reports import SourceReport
from training.errors import DataError

ROWS = "text,label\ngood {0},a\nbad {0},b\n"


@pytest.fixture
def write(tmp_path):
    """Write files by name; return their folder."""

    def write(**files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return write


def texts(examples):
    return [row.text for row in examples or ()]


def read(*paths, **options):
    return read_own(list(paths), ReadOptions(**options))


def test_files_of_a_folder_are_one_source(write):
    folder = write(one_DOT_csv=ROWS.format(1), two_DOT_csv=ROWS.format(2))
    labelled = read(folder)
    assert texts(labelled.train) == ["good 1", "bad 1", "good 2", "bad 2"]
    assert labelled.train[2].place == "two.csv, line 2"
    assert labelled.validation is labelled.test is None


def test_a_file_of_several_may_lack_a_label(write):
    folder = write(one_DOT_csv=ROWS.format(1), two_DOT_csv="text,label\nfine,a\n")
    assert len(read(folder / "one.csv", folder / "two.csv").train) == 3


@pytest.mark.parametrize(
    "names",
    [
        ("train_DOT_csv", "dev_DOT_csv", "test_DOT_csv"),
        ("train-00000-of-00001_DOT_csv", "validation-00000-of-00001_DOT_csv", "test-0_DOT_csv"),
        ("reviews_DOT_train_DOT_csv", "reviews_DOT_valid_DOT_csv", "reviews_DOT_test_DOT_csv"),
        ("film_train_DOT_csv", "film-dev_DOT_csv", "test_2_DOT_csv"),
    ],
)
def test_splits_told_by_file_names_are_kept(write, names):
    folder = write(**{name: ROWS.format(n) for n, name in enumerate(names)})
    labelled = read(folder)
    parts = (labelled.train, labelled.validation, labelled.test)
    assert [texts(part) for part in parts] == [[f"good {n}", f"bad {n}"] for n in range(3)]
    assert len(labelled.notes) == 3


def test_what_a_folder_holds_beside_its_tables_is_told(write):
    """A table in a folder of the folder was passed over without a word."""
    labelled = read(write(one_DOT_csv=ROWS.format(1), more__two_DOT_csv="", notes_DOT_md=""))
    assert [note.partition(": ")[2] for note in labelled.notes] == ["more, notes.md"]


@pytest.mark.parametrize("other", ["a.csv", "b/../a.csv", "link.csv", "."])
def test_file_under_two_names_is_refused(write, other):
    """Its rows were read twice, so that accuracy was told of texts that had been learned."""
    folder = write(a_DOT_csv=ROWS.format(1), b__c_DOT_txt="")
    (folder / "link.csv").symlink_to(folder / "a.csv")
    with pytest.raises(DataError, match=r"\.csv is named (twice|also as .*a\.csv): name each"):
        read(folder / "a.csv", folder / other)


def test_split_without_a_row_is_said_to_be_held_out(write):
    labelled = read(write(train_DOT_csv=ROWS.format(1), test_DOT_csv="text,label\nx,\n"))
    assert labelled.test is None
    assert "test split: test.csv, without a row that can be used: held out of the others" in (
        labelled.notes
    )


def test_endings_may_be_in_capitals(write):
    folder = write(a__1_DOT_TXT="x", b__1_DOT_Txt="y")
    assert texts(read(folder).train) == ["x", "y"]
    path = folder / "B.CSV.GZ"
    path.write_bytes(gzip.compress(ROWS.format(1).encode()))
    assert len(read(path).train) == 2


@pytest.mark.parametrize(
    ("name", "row"), [("a.jsonl", '{{"text": "{}", "label": "{}"}}'), ("a.txt", "__label__{1} {0}")]
)
def test_lines_may_end_as_on_old_macs(tmp_path, name, row):
    (tmp_path / name).write_text("\r".join([row.format("x", "a"), row.format("y", "b")]))
    assert texts(read(tmp_path / name).train) == ["x", "y"]


def test_a_file_alone_is_no_split(write):
    labelled = read(write(test_DOT_csv=ROWS.format(1)) / "test.csv")
    assert len(labelled.train) == 2
    assert labelled.test is None


def test_class_folders_in_split_folders_are_splits(write):
    folder = write(train__a__1_DOT_txt="x", train__b__1_DOT_txt="y", test__a__1_DOT_txt="z")
    labelled = read(folder)
    assert (texts(labelled.train), texts(labelled.test)) == (["x", "y"], ["z"])


def test_class_folders_named_like_a_split_are_classes(write):
    folder = write(train__1_DOT_txt="by rail", bus__1_DOT_txt="by road")
    assert [row.label for row in read(folder).train] == ["bus", "train"]


def test_parquet_is_read_with_the_names_of_class_ids(tmp_path):
    features = {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}, "text": {}}
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"id": [1, 2, 3], "text": ["good", "bad", None], "label": [1, 0, 1]})
    pq.write_table(table.replace_schema_metadata(about), tmp_path / "a.parquet")
    labelled = read(tmp_path / "a.parquet")
    assert [tuple(row) for row in labelled.train] == [
        ("good", "pos", "row 1"),
        ("bad", "neg", "row 2"),
    ]
    assert [(row.line, row.reason, row.unit) for row in labelled.bad_rows] == [
        (3, "empty text", "row")
    ]


def test_parquet_without_the_column_says_which_there_are(tmp_path):
    pq.write_table(pa.table({"review": ["good"], "label": [1]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="no column named 'text'.*'review', 'label'"):
        read(tmp_path / "a.parquet")
    assert texts(read(tmp_path / "a.parquet", text_column="review").train) == ["good"]


@pytest.mark.parametrize(
    ("label", "found"),
    [
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([4.5, 1.0]), ["4.5", "1"]),
        (pa.array([b"a", b"b"]), ["a", "b"]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
        (pa.array([Decimal("1.00"), Decimal(0)]), ["1", "0"]),
        (pa.array(["a", None]), ["a"]),
    ],
    ids=["booleans", "fractions", "bytes", "dictionary", "decimals", "null"],
)
def test_parquet_of_any_type_of_label_is_read(tmp_path, label, found):
    table = pa.table({"text": pa.array([b"good", b"bad"]), "label": label})
    pq.write_table(table, tmp_path / "a.parquet")
    assert [row.label for row in read(tmp_path / "a.parquet").train] == found


def test_parquet_values_that_python_cannot_hold_are_told_by_row(tmp_path):
    """Text that is not UTF-8 and times in nanoseconds ended in a traceback."""
    text = pa.Array.from_buffers(pa.string(), 3, pa.array([b"\xff\xfe", b"b", b"c"]).buffers())
    label = pa.array([1, 2, 3], pa.int64())
    pq.write_table(pa.table({"text": text, "label": label}), tmp_path / "a.parquet")
    times = pa.table({"text": ["a", "b"], "label": label[:2].cast(pa.timestamp("ns"))})
    pq.write_table(times, tmp_path / "b.parquet")
    labelled = read(tmp_path / "a.parquet")
    assert [(row.line, row.reason) for row in labelled.bad_rows] == [(1, "not UTF-8")]
    assert texts(labelled.train) == ["b", "c"]
    with pytest.raises(DataError, match="rows 1, 2: label is neither text nor a number"):
        read(tmp_path / "b.parquet")


def test_tweets_without_header_in_windows_1252_need_three_flags(write, caplog):
    """The shape of Sentiment140: no header, label 0 or 4 in column 1, text in column 6."""
    rows = [
        '"0","1","Mon Apr 06","NO_QUERY","someone","is upset, the caf\u00e9 \u2019s closed"',
        '"4","2","Mon Apr 06","NO_QUERY","another","so happy \u2013 se\u00f1or!"',
    ]
    folder = write(tweets_DOT_csv=("\n".join(rows) + "\n").encode("cp1252"))
    with caplog.at_level("INFO"):
        labelled = read(
            folder / "tweets.csv",
            **{"has_header": False, "text_column": "6", "label_column": "1"},
            label_map={"0": "negative", "4": "positive"},
        )
    assert [(row.text, row.label) for row in labelled.train] == [
        ("is upset, the caf\u00e9 \u2019s closed", "negative"),
        ("so happy \u2013 se\u00f1or!", "positive"),
    ]
    assert "read as cp1252, a guess by its letters" in caplog.text


@pytest.mark.parametrize("column", ["7", "0", "text", "01", "\u0662"])
def test_without_header_columns_are_numbers(write, column):
    folder = write(a_DOT_csv="x,1\ny,2\n")
    with pytest.raises(DataError, match="--text-column is the number of a column, from 1 to 2"):
        read(folder / "a.csv", has_header=False, text_column=column, label_column="2")


@pytest.mark.parametrize(
    ("encoding", "lines"),
    [
        ("cp1252", ["Für Größe und Qualität,gut", "Nicht schön,schlecht"]),
        ("cp1252", ["¡Qué película más aburrida! Señor,no", "Muy buena,sí"]),
        ("cp1251", ["Очень плохой фильм,плохо", "Отлично всем рекомендую,хорошо"]),
        ("koi8_r", ["Очень плохой фильм,плохо", "Отлично всем рекомендую,хорошо"]),
        ("cp1250", ["Bardzo słaby film żałuję że poszedłem,źle", "Świetna książka,dobrze"]),
        ("cp1253", ["Πολύ κακή ταινία δεν την προτείνω,κακή", "Τέλειο βιβλίο,καλή"]),
        ("shift_jis", ["とても悪い映画でした,悪い", "素晴らしい本です,良い"]),
        ("gb18030", ["这部电影非常糟糕不推荐,坏", "很好的书推荐,好"]),
        ("euc_kr", ["정말 나쁜 영화입니다 추천하지 않습니다,나쁨", "훌륭한 책,좋음"]),
    ],
    ids=[
        "German",
        "Spanish",
        "Russian",
        "KOI8",
        "Polish",
        "Greek",
        "Japanese",
        "Chinese",
        "Korean",
    ],
)
def test_encoding_is_found_by_the_letters(write, encoding, lines):
    content = "text,label\n" + "\n".join(lines * 3)
    folder = write(a_DOT_csv=content.encode(encoding))
    labelled = read(folder / "a.csv", exact_labels=True)
    assert [f"{row.text},{row.label}" for row in labelled.train] == lines * 3


def test_encoding_that_was_named_is_kept_to(write):
    folder = write(a_DOT_csv="text,label\nŻółć,a\n".encode("cp1250"))
    assert texts(read(folder / "a.csv", encoding="cp1250").train) == ["Żółć"]
    with pytest.raises(DataError, match=r"a\.csv, line 2: not utf-8, which knows no byte 0x"):
        read(folder / "a.csv", encoding="utf-8")


def test_encoding_that_tells_no_place_is_refused_in_a_line(write):
    path = write(a_DOT_csv=ROWS.format("and more, - x")) / "a.csv"
    with pytest.raises(DataError, match="not punycode"):
        read(path, encoding="punycode")


def test_one_column_for_both_is_refused(write):
    with pytest.raises(DataError, match="--text-column and --label-column both name 'label'"):
        read(write(a_DOT_csv=ROWS.format(1)) / "a.csv", text_column="label")


def test_damaged_file_of_a_class_folder_is_left_out_and_told(write):
    """One file of thousands that is no text refused them all."""
    folder = write(a__1_DOT_txt="x", b__1_DOT_txt="y", b__2_DOT_txt=bytes(range(1, 256)) * 9)
    (folder / "b" / "3.txt.gz").write_bytes(gzip.compress(b"cut off" * 99)[:20])
    (folder / "b" / "more").mkdir()
    labelled = read(folder)
    assert texts(labelled.train) == ["x", "y"]
    reasons = [row.reason for row in labelled.bad_rows]
    assert reasons[0].startswith("is not UTF-8, or not text: save it")
    assert reasons[1].startswith("cannot be read: Compressed file ended")
    assert reasons[2] == "a folder in a class folder, not looked into"


def test_thousands_of_bad_files_are_told_in_some_lines(write):
    folder = write(a__1_DOT_txt="x", **{f"b__{n}_DOT_md": "" for n in range(60)})
    report = SourceReport("x", 61, bad_rows=read(folder).bad_rows)
    assert report.lines()[-1] == "  bad: 10 more files or reasons"
