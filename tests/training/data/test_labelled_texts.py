"""load_classification: from sources to splits with their account."""

import gzip
import time

import pytest

from tests.training.real_data import real_data
from training.data.labelled_texts import load_classification
from training.data.named_sets import SETS
from training.data.own_files import ReadOptions
from training.data.splits import exact_key, loose_key
from training.errors import DataError


@pytest.fixture
def csv(tmp_path):
    """Write rows of (text, label) as CSV; return the path."""

    def csv(rows, name="own.csv"):
        path = tmp_path / name
        path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
        return str(path)

    return csv


def make_rows(count, labels=("negative", "positive"), text="text"):
    return [(f"{text} {n}", labels[n % len(labels)]) for n in range(count)]


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    """Point DATA_DIR at small sets with known overlaps."""
    folder = tmp_path / "sets"
    sentence = "this film is number {} of all the films"
    polarity = folder / "rt_polarity"
    polarity.mkdir(parents=True)
    for n, label in enumerate(("neg", "pos")):
        lines = [sentence.format(2 * k + n) + " . \n" for k in range(20)]
        (polarity / f"rt-polarity.{label}").write_text("".join(lines))
    sst2 = folder / "sst2"
    sst2.mkdir()

    def rows(numbers):
        return "".join(f"{sentence.format(n)}\t{n % 2}\n" for n in numbers)

    (sst2 / "train.tsv").write_text(rows(range(100, 120)).rstrip("\n"))
    (sst2 / "dev.tsv").write_text(rows(range(6)))
    (sst2 / "test.tsv").write_text(rows(range(6, 16)))
    (sst2 / "phrases_train.tsv.gz").write_bytes(
        gzip.compress(b'sentence\tlabel\n" fine \t1\ndull \t0\n')
    )
    monkeypatch.setenv("DATA_DIR", str(folder))
    return folder


def test_own_file_is_split_with_its_shares(csv):
    data = load_classification([csv(make_rows(100))], validation_split=0.2, test_split=0.1)
    assert data.labels == ("negative", "positive")
    assert (len(data.train), len(data.validation), len(data.tests["user"])) == (72, 18, 10)
    assert sorted(set(data.train.labels)) == [0, 1]
    together = data.train.texts + data.validation.texts + data.tests["user"].texts
    assert sorted(together) == sorted(text for text, _ in make_rows(100))


def test_class_id_is_the_place_of_its_label(csv):
    data = load_classification([csv(make_rows(60, labels=("10", "9", "2")))])
    assert data.labels == ("2", "9", "10")
    for text, label in zip(data.train.texts, data.train.labels, strict=True):
        assert data.labels[label] == ("10", "9", "2")[int(text.split()[1]) % 3]


def test_manifest_entries_name_the_file_and_count_its_rows(csv):
    data = load_classification([csv(make_rows(100))])
    assert [(entry.name, entry.split, entry.rows) for entry in data.datasets] == [
        ("own.csv", "train", 80),
        ("own.csv", "validation", 20),
    ]
    assert data.datasets[0].sha256


def test_account_tells_rows_bad_rows_and_conflicts(csv):
    rows = [*make_rows(40), ("", "positive"), ("x", ""), *[("torn", "positive")] * 3]
    path = csv([*rows, ("torn", "negative")])
    report = load_classification([path]).report
    lines = "\n".join(report.lines())
    assert "46 rows read, 2 bad and left out" in lines
    assert "line 42: empty text" in lines
    assert len(report.bad_rows) == 2
    assert (
        "texts with several labels, kept with each: 1, such as 'torn': positive (line 44), "
        "negative (line 47)" in lines
    )


def test_copies_of_a_text_stay_on_one_side(csv):
    rows = [(f"text {n % 10}  " + " " * n, "ab"[n % 2]) for n in range(100)]
    data = load_classification([csv(rows)], validation_split=0.3)
    assert not set(map(exact_key, data.train.texts)) & set(map(exact_key, data.validation.texts))


def test_sources_are_joined_and_their_tests_kept_apart(csv, data_dir):
    own = csv([*make_rows(40), ("this film is number 8 of all the films", "negative")])
    data = load_classification(["sst2", own], test_split=0.1)
    assert set(data.tests) == {"sst2", "user"}
    assert len(data.tests["sst2"]) == 10
    assert any(text.startswith("text") for text in data.train.texts)
    assert not set(data.tests["sst2"].texts) & set(data.train.texts)


def test_two_own_files_share_one_test_split(csv):
    paths = [csv(make_rows(40), "one.csv"), csv(make_rows(40, text="more"), "two.csv")]
    data = load_classification(paths, test_split=0.25)
    assert len(data.tests["user"]) == 20


def test_rt_polarity_with_sst2_never_trains_on_a_tested_sentence(data_dir):
    data = load_classification(["rt_polarity", "sst2"])
    held = [text for rows in (data.validation, *data.tests.values()) for text in rows.texts]
    assert not set(map(loose_key, held)) & set(map(loose_key, data.train.texts))
    assert len(data.tests["sst2"]) == 10
    assert len(data.tests["rt_polarity"]) == 4
    assert data.report.num_dropped > 0


def test_quotes_in_sst2_are_text(data_dir):
    texts = load_classification(["sst2"]).train.texts
    assert '" fine' in texts


def test_names_are_split_by_distinct_name(tmp_path, monkeypatch):
    folder = tmp_path / "names_by_language"
    folder.mkdir()
    for n, file in enumerate(SETS["names_by_language"].files):
        names = [f"Name{n}x{k}" for k in range(10)] * 3 + ["Shared"]
        (folder / file).write_text("\n".join(names))
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    data = load_classification(["names_by_language"])
    sides = [data.train.texts, data.validation.texts, data.tests["names_by_language"].texts]
    assert sum(map(len, sides)) == 18 * 11
    assert sum("Shared" in side for side in sides) == 1
    assert data.report.num_dropped == 18 * 20


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (make_rows(20, labels=("a",)), {}, "one class only, 'a'"),
        ([*make_rows(20, ("a",)), *make_rows(4, ("rare",))], {}, "'rare' has 4.*Add rows"),
        ([*make_rows(20, ("a",)), *[("same", "rare")] * 9], {}, "'rare' has 1"),
        (make_rows(20, labels=[str(n) for n in range(20)]), {}, "20 of 20 classes.* and 10 more"),
        (make_rows(20), {"validation_split": 0.0}, "between 0 and 1, not 0.0"),
        (make_rows(20), {"validation_split": 0.99}, "the train split has no row of"),
        (make_rows(20), {"test_split": 1.0}, "up to 1, not 1.0"),
    ],
    ids=["one class", "rare", "repeats", "ids", "no validation", "all validation", "all test"],
)
def test_what_cannot_be_learned_is_refused_before_training(csv, rows, options, message):
    with pytest.raises(DataError, match=f"(?s){message}"):
        load_classification([csv(rows)], **options)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (
            [*make_rows(20, ("a",)), ("x", ""), ("y", "")],
            {},
            "one class only, 'a'.*left out before.*lines 22, 23: missing label",
        ),
        (
            make_rows(20),
            {"options": ReadOptions(drop_classes_under=99)},
            "no row to train on.*20 rows: of 2 classes with fewer than 99 distinct texts",
        ),
    ],
    ids=["bad rows", "dropped classes"],
)
def test_refusal_tells_which_rows_had_been_left_out(csv, rows, options, message):
    """It said "one class only, : two or more are needed", and nothing of the others' rows."""
    with pytest.raises(DataError, match=message):
        load_classification([csv(rows)], **options)


def test_test_rows_that_are_all_training_rows_are_told(csv):
    train, test = csv(make_rows(20), "train.csv"), csv(make_rows(20), "test.csv")
    with pytest.raises(DataError, match="train split has no row.*20 rows: also in a test split"):
        load_classification([train, test])


def test_thousands_of_labels_and_long_ones_are_told_in_a_line_that_can_be_read(csv):
    labels = [f"{n} {'long ' * 99}" for n in range(1000)]
    lines = load_classification([csv(make_rows(7000, labels))]).report.lines()
    assert max(map(len, lines)) < 6000
    assert lines[1].endswith(" and 5,400 rows of 900 more labels")


def test_labels_must_agree_between_sources(csv, data_dir):
    paths = [csv(make_rows(20), "one.csv"), csv(make_rows(20, labels=("0", "1")), "two.csv")]
    with pytest.raises(DataError, match=r"two\.csv have no label in common.*'0', '1'.*rename"):
        load_classification(paths)
    with pytest.raises(DataError, match=r"sst2 \('negative', 'positive'\).*'0', '1'.*rename"):
        load_classification(["sst2", paths[1]])


def test_classes_with_few_texts_are_learned_and_not_tested(csv, caplog):
    """A set with fifty classes, of which a few have one text, was refused."""
    rows = [*make_rows(40), ("one of a kind", "rare"), *make_rows(4, ("scarce",), text="few")]
    with caplog.at_level("INFO"):
        data = load_classification([csv(rows)], validation_split=0.2, test_split=0.2)
    assert data.labels == ("negative", "positive", "rare", "scarce")
    assert (data.train.labels.count(2), data.train.labels.count(3)) == (1, 4)
    assert not {2, 3} & {*data.validation.labels, *data.tests["user"].labels}
    assert "not tested, with fewer than 5 distinct texts: 'rare', 'scarce'" in caplog.text


def test_classes_with_few_texts_can_be_left_out(csv):
    rows = [*make_rows(40), *make_rows(6, ("scarce",), text="few")]
    data = load_classification([csv(rows)], options=ReadOptions(drop_classes_under=7))
    assert data.labels == ("negative", "positive")
    assert "dropped 6: of 1 class with fewer than 7" in "\n".join(data.report.lines())


def test_tested_rows_of_a_class_that_nothing_is_trained_on_are_left_out(csv):
    """A label that only test.csv had ended in a traceback."""
    train = csv(make_rows(40), "train.csv")
    test = csv(make_rows(9, ("negative", "positive", "third"), text="held"), "test.csv")
    data = load_classification([train, test])
    assert data.labels == ("negative", "positive")
    assert len(data.tests["user"]) == 6
    assert "dropped 3: test rows of a class without training rows: 'third'" in "\n".join(
        data.report.lines()
    )


def test_published_split_may_lack_a_class(csv, caplog):
    train = csv(make_rows(60, ("a", "b", "rare")), "train.csv")
    with caplog.at_level("INFO"):
        data = load_classification([train, csv(make_rows(8, ("a", "b"), text="held"), "test.csv")])
    assert data.labels == ("a", "b", "rare")
    assert "learned, but not in the test user split: 'rare'" in caplog.text


def test_published_split_of_one_class_is_refused(csv):
    train = csv(make_rows(60), "train.csv")
    dev = csv(make_rows(8, ("positive",), text="held"), "dev.csv")
    with pytest.raises(DataError, match="validation split has rows of fewer than two classes"):
        load_classification([train, dev])


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (["nothing-here"], "'nothing-here' is no named set.*imdb.*and no file"),
        (["ptb"], "ptb has no labels.*imdb"),
        ([], "name one or more"),
        (["imdb", "imdb"], "each once"),
    ],
)
def test_unknown_source_is_refused(sources, message):
    with pytest.raises(DataError, match=message):
        load_classification(sources)


@real_data
@pytest.mark.parametrize(
    ("sources", "train", "validation", "tests", "num_dropped"),
    [
        (["imdb"], 19_908, 4_969, {"imdb": 25_000}, 123),
        (["sst2"], 74_250, 872, {"sst2": 1_821}, 19),
        (["rt_polarity"], 7_678, 1_918, {"rt_polarity": 1_066}, 0),
        (["names_by_language"], 12_969, 3_244, {"names_by_language": 1_799}, 2_038),
        (["imdb", "sst2"], 94_160, 5_839, {"imdb": 25_000, "sst2": 1_821}, 142),
    ],
    ids=["imdb", "sst2", "rt_polarity", "names_by_language", "imdb and sst2"],
)
def test_real_sets_give_these_rows(sources, train, validation, tests, num_dropped):
    data = load_classification(sources)
    assert (len(data.train), len(data.validation)) == (train, validation)
    assert {name: len(rows) for name, rows in data.tests.items()} == tests
    assert data.report.num_dropped == num_dropped
    assert not data.report.bad_rows


@real_data
def test_real_imdb_loads_in_seconds():
    started = time.process_time()
    load_classification(["imdb"])
    assert time.process_time() - started < 10


@real_data
def test_real_sister_sets_leave_no_tested_sentence_in_training():
    data = load_classification(["rt_polarity", "sst2"])
    held = {
        loose_key(text) for rows in (data.validation, *data.tests.values()) for text in rows.texts
    }
    assert not held & {loose_key(text) for text in data.train.texts}
    assert len(data.tests["sst2"]) == 1_821
