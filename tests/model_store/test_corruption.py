import json
import os
import pickle
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_store import (
    CorruptVersion,
    ModelNotFound,
    Store,
    UnknownFormat,
)
from model_store.manifest import file_info
from tests.model_store.conftest import about, classifier_files

FILES = [*classifier_files(), "manifest.json"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """One sound version for tests that put back what they break."""
    return Store(tmp_path_factory.mktemp("sound")).publish("film", classifier_files(), about(0.9))


def open_again(version):
    return Store(version.path.parent.parent).open(version.name, version.version)


def refuse(version, filename):
    """Open a version that must be refused, and check that verify finds the same."""
    with pytest.raises(CorruptVersion) as caught:
        open_again(version)
    assert caught.value.model == f"{version.name}:{version.version}"
    assert caught.value.file == filename
    found = Store(version.path.parent.parent).verify(version.name, version.version)
    assert [str(each) for each in found] == [str(caught.value)]
    return caught.value.reason


def rewrite_manifest(version, **changes):
    """Write a manifest whose own checksum is right."""
    manifest = version.manifest.model_copy(update=changes)
    (version.path / "manifest.json").write_bytes(manifest.to_bytes())


@given(data=st.data())
def test_a_change_of_any_byte_of_any_file_is_refused(sound, data):
    path = sound.path / data.draw(st.sampled_from(FILES))
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    mask = data.draw(st.integers(1, 255))
    changed = bytearray(content)
    changed[place] ^= mask
    try:
        path.write_bytes(changed)
        with pytest.raises((CorruptVersion, UnknownFormat), match=f"film:1: {path.name}: "):
            open_again(sound)
    finally:
        path.write_bytes(content)
    assert open_again(sound) == sound


@given(data=st.data())
def test_any_file_cut_or_grown_is_refused(sound, data):
    path = sound.path / data.draw(st.sampled_from(FILES))
    content = path.read_bytes()
    length = data.draw(st.integers(0, len(content) - 1))
    more = data.draw(st.binary(min_size=1))
    try:
        for changed in (content[:length], content + more):
            path.write_bytes(changed)
            with pytest.raises(CorruptVersion, match=f"film:1: {path.name}: "):
                open_again(sound)
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize("filename", FILES)
def test_a_missing_file_is_named(publish, filename):
    version = publish()
    (version.path / filename).unlink()
    if filename == "manifest.json":
        publish()  # so that the model still has a complete version

    assert refuse(version, filename) == "missing"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "truncated: 0 of 256 bytes"), (b"x" * 257, "longer than"), (b"x" * 256, "sha256 diff")],
)
def test_the_reason_is_told(publish, content, reason):
    version = publish()
    (version.path / "model.onnx").write_bytes(content)

    assert reason in refuse(version, "model.onnx")


@pytest.mark.parametrize("name", ["extra.bin", ".DS_Store", "manifest.json.bak"])
def test_a_file_that_nobody_listed_is_refused(publish, name):
    version = publish()
    (version.path / name).write_bytes(b"x")

    assert refuse(version, name) == "unexpected file"


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["directory", "pipe"])
def test_what_is_no_plain_file_is_refused(publish, make):
    version = publish()
    (version.path / "README.md").unlink()
    make(version.path / "README.md")

    assert refuse(version, "README.md") == "not a plain file"


def test_a_file_behind_a_link_is_refused_though_its_content_is_right(publish, tmp_path):
    version = publish()
    (version.path / "model.onnx").rename(tmp_path / "model.onnx")
    (version.path / "model.onnx").symlink_to(tmp_path / "model.onnx")

    assert refuse(version, "model.onnx").startswith("path escapes")


def test_a_version_behind_a_link_is_refused_and_not_listed(publish, store, tmp_path):
    publish()
    shutil.move(publish().path, tmp_path / "elsewhere")
    (store.root / "film" / "2").symlink_to(tmp_path / "elsewhere")

    assert store.versions("film") == [1]
    with pytest.raises(CorruptVersion, match="path escapes"):
        store.open("film", 2)


def test_a_link_to_itself_is_refused(publish, store):
    publish()
    (store.root / "film" / "2").symlink_to("2")

    with pytest.raises(CorruptVersion, match="path escapes"):
        store.open("film", 2)


def test_a_model_behind_a_link_does_not_exist(publish, store, tmp_path):
    publish()
    publish(name="other")
    shutil.move(store.root / "film", tmp_path / "elsewhere")
    (store.root / "film").symlink_to(tmp_path / "elsewhere")

    assert store.names() == ["other"]
    for read in (store.versions, store.serving, store.open, store.fingerprint):
        with pytest.raises(ModelNotFound):
            read("film")


def test_the_store_itself_may_be_behind_a_link(publish, store, tmp_path):
    version = publish()
    (tmp_path / "link").symlink_to(store.root)

    assert Store(tmp_path / "link").open("film").manifest == version.manifest


def test_a_version_copied_under_another_number_or_name_is_refused(publish, store):
    version = publish()
    shutil.copytree(version.path, store.root / "film" / "2")
    shutil.copytree(version.path, store.root / "other" / "1")

    with pytest.raises(CorruptVersion, match=r"film:2: manifest\.json: it belongs to film:1"):
        store.open("film", 2)
    with pytest.raises(CorruptVersion, match=r"other:1: manifest\.json: it belongs to film:1"):
        store.open("other", 1)


def test_a_format_of_the_future_is_named_with_what_is_understood(publish, store):
    version = publish()
    document = {**json.loads((version.path / "manifest.json").read_bytes()), "format_version": 2}
    (version.path / "manifest.json").write_text(json.dumps(document))

    with pytest.raises(UnknownFormat, match=r"film:1: manifest\.json: format_version 2 .*reads 1"):
        store.open("film", 1)
    assert [type(each) for each in store.verify("film", 1)] == [UnknownFormat]


@pytest.mark.parametrize(
    ("filename", "content", "reason"),
    [
        ("config.json", b"{}", "task"),
        ("tokenizer.json", pickle.dumps(Store), "not a tokenizer"),
        ("golden.json", b'{"cases": []}', "cases"),
    ],
)
def test_a_file_with_a_right_checksum_that_makes_no_sense_is_refused(
    publish, store, filename, content, reason
):
    version = publish()
    (version.path / filename).write_bytes(content)
    rewrite_manifest(version, files=version.manifest.files | {filename: file_info(content)})

    [problem] = store.verify("film", 1)
    assert str(problem).startswith(f"film:1: {filename}: ")
    assert reason in str(problem)


def test_a_manifest_of_another_task_than_the_config_is_refused(publish):
    version = publish()
    rewrite_manifest(version, task="text-generation")

    assert "its task is text-classification" in refuse(version, "config.json")


def test_verify_finds_everything_that_is_wrong(publish, store):
    version = publish()
    (version.path / "model.onnx").unlink()
    (version.path / "README.md").write_bytes(b"# A tiny modem\n")
    (version.path / "extra").write_bytes(b"")

    assert sorted(str(problem) for problem in store.verify("film", 1)) == [
        "film:1: README.md: sha256 differs",
        "film:1: extra: unexpected file",
        "film:1: model.onnx: missing",
    ]


def test_a_file_changed_after_opening_is_not_handed_out(publish):
    version = publish()
    (version.path / "model.onnx").write_bytes(b"x" * 256)

    with pytest.raises(CorruptVersion, match="sha256 differs"):
        version.read("model.onnx")


def test_a_file_that_the_manifest_does_not_list_is_not_handed_out(publish):
    with pytest.raises(CorruptVersion, match="secret: missing: the manifest does not list it"):
        publish().read("../../secret")
