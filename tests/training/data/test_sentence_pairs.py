"""load_pairs: no held-out sentence is trained on, and every row is accounted for."""

import gzip
import random

import pytest

from tests.training.real_data import real_data
from training.data.sentence_pairs import Pair, clean, load_pairs
from training.data.splits import loose_key
from training.errors import DataError


@pytest.fixture
def write(tmp_path):
    """Write a file; return its path as a string."""

    def write(content, name="pairs.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def numbered(count, header="source,target"):
    """Return a CSV of so many sentences, every third with a second translation."""
    rows = [f"He has {n} dogs.,Il a {n} chiens." for n in range(count)]
    rows += [f"He has {n} dogs.,Il possède {n} chiens." for n in range(0, count, 3)]
    return "\n".join([header, *rows]) + "\n"


def held_out(data):
    return [*data.validation, *data.test]


def assert_free_of_leaks(data):
    held = [loose_key(sentence.source) for sentence in held_out(data)]
    assert len(set(held)) == len(held)
    assert not set(held) & {loose_key(pair.source) for pair in data.train}


def test_held_out_sentences_have_all_their_translations_and_are_not_trained_on(write):
    data = load_pairs(write(numbered(60)), validation_split=0.2, test_split=0.1)

    assert (len(data.validation), len(data.test)) == (12, 6)
    assert_free_of_leaks(data)
    for sentence in held_out(data):
        number = int(sentence.source.split()[2])
        first = (f"Il a {number} chiens.",)
        second = (f"Il possède {number} chiens.",) if number % 3 == 0 else ()
        assert sentence.references == first + second
    num_references = sum(len(sentence.references) for sentence in held_out(data))
    assert len(data.train) == 60 + 20 - num_references


def test_other_writings_of_a_held_out_sentence_are_dropped_and_told(write):
    words = [f"word{n}" for n in range(20)]
    rows = [f"{word}.,{word} point" for word in words]
    rows += [f"{word.upper()} !,{word} crié" for word in words]

    data = load_pairs(write("\n".join(["source,target", *rows])), validation_split=0.25)

    assert_free_of_leaks(data)
    assert all(sentence.references[0].endswith("point") for sentence in data.validation)
    assert len(data.train) == 30
    assert data.report.sources[0].dropped["a held-out sentence in other case or punctuation"] == 5


def test_same_seed_gives_the_same_split_and_another_one_another(write):
    path = write(numbered(60))

    one, again, other = (load_pairs(path, seed=seed, test_split=0.1) for seed in (1, 1, 2))

    assert one == again
    assert one.validation != other.validation
    assert one.test != other.test


def test_repeats_of_a_pair_are_read_once(write):
    data = load_pairs(write(numbered(30) + "He has 0 dogs.,Il a 0 chiens.\n" * 4))

    assert data.report.sources[0].dropped["repeats of a pair"] == 4
    assert data.report.sources[0].rows_read == 30 + 10 + 4


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("Cours\u202f!", "Cours !"),
        (" L’été  d’un\u00a0an ", "L'été d'un an"),
        ("e\u0301te\u0301", "été"),
        ("a\tb", "a b"),
    ],
)
def test_white_space_and_apostrophes_have_one_form(written, cleaned):
    assert clean(written) == cleaned


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("a.csv", "de;nl\n", "Hund {n};hond {n}\n"),
        ("a.tsv", "de\tnl\n", "Hund {n}\thond {n}\n"),
        ("a.jsonl", "", '{{"de": "Hund {n}", "nl": "hond {n}"}}\n'),
    ],
    ids=["csv", "tsv", "jsonl"],
)
def test_own_columns_are_read_from_every_form_of_table(write, name, header, row):
    content = header + "".join(row.format(n=n) for n in range(20))

    data = load_pairs(write(content, name), source_column="de", target_column="nl")

    assert data.languages == ("de", "nl")
    assert Pair("Hund 3", "hond 3") in data.train
    assert len(data.train) + len(data.validation) == 20


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"only one side\n", "1 column instead of 2"),
        (b"no translation,\n", "target: empty text"),
        (b" ,sans phrase\n", "source: empty text"),
        (b"two,trois,quatre\n", "3 columns instead of 2"),
        (b"fine,\xe9t\xe9\n", "target: not UTF-8"),
    ],
)
def test_bad_rows_are_left_out_and_told_with_their_line(write, row, reason):
    data = load_pairs(write(numbered(30).encode() + row))

    (bad,) = data.report.bad_rows
    assert (bad.line, bad.reason) == (42, reason)
    assert any(f"line 42: {reason}" in line for line in data.report.lines())


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (numbered(30, "source,traget"), {}, "no column named 'target'.*--target-column traget"),
        (numbered(30, "en,fr"), {"source_column": "en"}, "Choose one with --target-column"),
        (numbered(30), {"target_column": "source"}, "both name 'source': name two columns"),
        (numbered(5), {}, "5 distinct source sentences, too few to hold 10% out"),
        ("source,target\n,\n", {}, "no row that can be used"),
        (numbered(30), {"validation_split": 1.5}, "between 0 and 1, not 1.5"),
        (numbered(30), {"test_split": 0.95}, "leaves something to train on"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_remedy(write, content, options, message):
    with pytest.raises(DataError, match=message):
        load_pairs(write(content), **options)


def test_source_that_is_no_file_or_no_table_is_refused(write):
    with pytest.raises(DataError, match=r"no named set of pairs \(eng_fra\) and no file"):
        load_pairs("eng_deu")
    with pytest.raises(DataError, match="read from .csv, .tsv, .jsonl"):
        load_pairs(write("a", "pairs.txt"))


@pytest.fixture
def small_eng_fra(tmp_path, monkeypatch):
    """Point DATA_DIR at a set of 300 sentences."""
    source = random.Random(0)
    rows = [f"I see {n}.\tJe vois\u202f{n}.\n" for n in range(300)]
    rows += [f"I see {n}.\tJ’aperçois {n}.\n" for n in source.sample(range(300), 90)]
    (tmp_path / "eng_fra").mkdir()
    (tmp_path / "eng_fra" / "fra.txt.gz").write_bytes(gzip.compress("".join(rows).encode()))
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


def test_test_sentences_of_the_named_set_are_the_same_whatever_the_seed(small_eng_fra):
    one, other = (load_pairs("eng_fra", seed=seed) for seed in (1, 2))

    assert one.test == other.test
    assert one.validation != other.validation
    assert one.languages == ("en", "fr")
    assert {dataset.split for dataset in one.datasets} == {"train", "validation", "test"}
    assert all("tatoeba.org" in dataset.licence for dataset in one.datasets)
    assert_free_of_leaks(one)


@real_data
def test_five_thousand_sentences_of_the_real_set_are_held_out_for_test():
    data = load_pairs("eng_fra")

    assert (len(data.train), len(data.validation), len(data.test)) == (133_181, 1500, 5000)
    assert sum(len(sentence.references) for sentence in data.test) == 7209
    assert_free_of_leaks(data)
    assert not any("\u202f" in text or "’" in text for pair in data.train for text in pair)
