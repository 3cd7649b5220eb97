"""Labels of a person's own files: renamed as asked, and several writings of one made one."""

import json

import pytest

from training.data.own_files import ReadOptions
from training.data.own_texts import read_own
from training.errors import DataError


@pytest.fixture
def write(tmp_path):
    """Write files by name; return their folder."""

    def write(**files):
        for name, content in files.items():
            (tmp_path / name.replace("_DOT_", ".")).write_text(content)
        return tmp_path

    return write


def read(*paths, **options):
    return read_own(list(paths), ReadOptions(**options))


def test_writings_of_a_label_are_one_and_told(write):
    labels = ["Pos", "Pos", " pos ", "POS", "neg", "not  good", "Not good", "1", "1.0", "1.0"]
    content = "".join(json.dumps({"text": "x", "label": label}) + "\n" for label in labels)
    path = write(a_DOT_jsonl=content) / "a.jsonl"
    labelled = read(path)
    assert {row.label for row in labelled.train} == {"Pos", "neg", "Not good", "1"}
    assert any(
        note == "taken as 'Pos': 'POS' (1 row), 'pos' (1 row) (--exact-labels keeps them apart)"
        for note in labelled.notes
    )
    kept = {row.label for row in read(path, exact_labels=True).train}
    assert kept == {"Pos", "pos", "POS", "neg", "not  good", "Not good", "1", "1.0"}


def test_labels_that_only_look_alike_stay_apart(write):
    labels = ["a", "b", "1.5", "1", "10", "1.10", "+", "-"]
    content = "".join(json.dumps({"text": "x", "label": label}) + "\n" for label in labels)
    labelled = read(write(a_DOT_jsonl=content) / "a.jsonl")
    assert [row.label for row in labelled.train] == labels
    assert not labelled.notes


def test_renaming_what_is_not_there_is_refused(write):
    with pytest.raises(DataError, match=r"no label '7', which --label-map renames.*'a', 'b'"):
        read(write(a_DOT_csv="text,label\nx,a\ny,b\n") / "a.csv", label_map={"7": "seven"})


def test_renaming_a_label_renames_all_its_writings(write):
    """`--label-map pos=good` left `Pos` as a class of its own."""
    path = write(a_DOT_csv="text,label\nw,pos\nx,Pos\ny,1\nz,1.0\n") / "a.csv"
    renamed = {"pos": "good", "1.0": "one"}
    assert [row.label for row in read(path, label_map=renamed).train] == [
        "good",
        "good",
        "one",
        "one",
    ]
    exact = read(path, label_map=renamed, exact_labels=True).train
    assert [row.label for row in exact] == ["good", "Pos", "1", "one"]


def test_files_with_other_writings_of_the_labels_are_one_source(write):
    """They had "no label in common", whatever --label-map said."""
    folder = write(a_DOT_csv="text,label\nx,1\ny,0\n", b_DOT_csv="text,label\nv,1.0\nw,Zero\n")
    assert [row.label for row in read(folder).train] == ["1", "0", "1", "Zero"]
    other = write(b_DOT_csv="text,label\nv,yes\nw,no\n")
    renamed = {"yes": "1", "no": "0"}
    assert [row.label for row in read(other, label_map=renamed).train] == ["1", "0", "1", "0"]
