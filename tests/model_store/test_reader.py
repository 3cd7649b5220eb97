import os

import pytest

from model_store import (
    CorruptVersion,
    InvalidName,
    InvalidPlan,
    ModelNotFound,
    ServingPlan,
    Store,
    StoreError,
    StoreReader,
    StoreUnavailable,
    VersionNotFound,
)
from model_store.manifest import Manifest
from tests.model_store.faults import forbid_writes, in_child, no_descriptors


def test_only_whole_versions_with_canonical_numbers_are_listed(publish, store):
    publish()
    for name in ("02", "+3", "-1", "4", ".tmp-x", "five", "0"):
        (store.root / "film" / name).mkdir()
    (store.root / "film" / "6").write_text("a file")

    assert store.versions("film") == [1]
    assert store.incomplete("film") == [4, 6]


def test_only_models_with_a_whole_version_are_listed(publish, store):
    for name in ("film", "a", "z9"):
        publish(name=name)
    for name in ("Upper", ".hidden", "empty", "half/1"):
        (store.root / name).mkdir(parents=True)
    (store.root / "file").write_text("x")

    assert store.names() == ["a", "film", "z9"]


def test_versions_are_listed_by_number_not_by_name(publish, store):
    for _ in range(11):
        publish()

    assert store.versions("film") == list(range(1, 12))
    assert store.serving("film") == ServingPlan(default=11)


def test_one_file_is_read_and_verified_without_the_others(publish, store):
    directory = publish().path
    manifest = store.manifest("film", 1)
    (directory / "model.onnx").write_bytes(b"other")

    assert store.read(manifest, "README.md") == b"# A tiny model\n"
    for filename, reason in (("model.onnx", "truncated"), ("../2/README.md", "does not list")):
        with pytest.raises(CorruptVersion, match=reason):
            store.read(manifest, filename)


def test_what_is_not_there_is_told_with_what_is(publish, store):
    publish(), publish()
    (store.root / "half" / "1").mkdir(parents=True)

    with pytest.raises(ModelNotFound, match=r"no model 'flim' in the store; there are: film"):
        store.open("flim")
    with pytest.raises(ModelNotFound, match=r"no complete version; 1 lacks manifest\.json"):
        store.open("half")
    with pytest.raises(VersionNotFound, match=r"film has no version 3; there are 1, 2"):
        store.open("film", 3)


@pytest.mark.parametrize("name", ["../film", "film/1", "", ".", "Film", "film\0"])
def test_a_name_is_checked_before_anything_is_looked_up(publish, store, name):
    publish()

    for read in (store.versions, store.serving, store.open, store.fingerprint, store.rollback):
        with pytest.raises(InvalidName):
            read(name)


@pytest.mark.parametrize("version", [0, -1, True, "1"])
def test_a_version_number_is_checked(publish, store, version):
    publish()

    with pytest.raises(InvalidName):
        store.open("film", version)


READS = {
    "names": lambda store, version: store.names(),
    "versions": lambda store, version: store.versions("film"),
    "incomplete": lambda store, version: store.incomplete("film"),
    "serving": lambda store, version: store.serving("film"),
    "open": lambda store, version: store.open("film"),
    "open one": lambda store, version: store.open("film", 1),
    "manifest": lambda store, version: store.manifest("film", 1),
    "verify": lambda store, version: store.verify("film", 1),
    "fingerprint": lambda store, version: store.fingerprint("film"),
    "files": lambda store, version: store.files("film", 1),
    "check_plan": lambda store, version: store.check_plan("film", ServingPlan(default=1)),
    "read": lambda store, version: version.read("model.onnx"),
    "tokenizer": lambda store, version: version.tokenizer(),
    "golden": lambda store, version: version.golden(),
}


def test_every_reading_method_is_tried_below():
    methods = {name for name in vars(StoreReader) if not name.startswith("_")}

    assert methods <= READS.keys()


@pytest.mark.parametrize("name", sorted(READS.keys() - {"tokenizer"}))
def test_a_store_may_vanish_and_come_back(publish, store, tmp_path, name):
    version, read = publish(), READS[name]
    before = read(store, version)
    store.root.rename(tmp_path / "gone")

    with pytest.raises(StoreUnavailable, match="cannot be read now: No such file"):
        read(store, version)

    (tmp_path / "gone").rename(store.root)
    assert type(read(store, version)) is type(before)


def test_a_version_keeps_the_tokenizer_that_it_has_read(publish, store, tmp_path):
    version = publish()
    before = version.tokenizer()
    store.root.rename(tmp_path / "gone")

    assert version.tokenizer() is before


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_what_the_system_refuses_to_read_is_no_fault_of_the_version(publish, store, read):
    """Such an error passes; a version that was taken for corrupt would be dropped for good."""
    version = publish()

    with no_descriptors(), pytest.raises(StoreUnavailable, match="Too many open files"):
        read(store, version)


def test_a_version_deleted_while_it_is_held_is_told(publish, store):
    publish(), publish()
    version = store.open("film", 1)
    store.prune("film", keep=1)

    with pytest.raises(CorruptVersion, match=r"film:1: model\.onnx: missing"):
        version.read("model.onnx")


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_reading_writes_nothing_so_that_a_read_only_mount_will_do(publish, store, read):
    version = publish()
    store.write_serving("film", ServingPlan(default=1))

    def work():
        forbid_writes()
        read(store, version)

    assert in_child(work) == 0


def test_a_write_would_have_been_noticed(publish, store):
    publish()

    def work():
        forbid_writes()
        store.write_serving("film", ServingPlan(default=1))

    assert in_child(work) == 99


def test_a_file_in_the_place_of_the_store_is_no_store(tmp_path):
    (tmp_path / "models").write_text("x")

    with pytest.raises(StoreUnavailable, match="Not a directory"):
        Store(tmp_path / "models").names()


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\xff", b'{"default": 0}', b'{"default": "1"}', b'{"default": 1, "x": 2}'],
)
def test_a_broken_plan_is_told(publish, store, content):
    publish()
    (store.root / "film" / "serving.json").write_bytes(content)

    with pytest.raises(InvalidPlan, match=r"film: serving\.json: ."):
        store.serving("film")


def test_a_plan_that_is_no_plain_file_is_told(publish, store):
    publish()
    (store.root / "film" / "serving.json").mkdir()

    with pytest.raises(StoreError, match=r"serving\.json|no plain file"):
        store.serving("film")


CHANGES = {
    "publication": lambda store, publish: publish(),
    "plan": lambda store, publish: store.write_serving("film", ServingPlan(default=1)),
    "new plan": lambda store, publish: store.promote("film", 1),
    "prune": lambda store, publish: store.prune("film", keep=1),
    "byte": lambda store, publish: (store.root / "film/1/model.onnx").write_bytes(b"x" * 256),
    "truncation": lambda store, publish: os.truncate(store.root / "film/1/model.onnx", 9),
    "deletion": lambda store, publish: os.unlink(store.root / "film/1/model.onnx"),
    "addition": lambda store, publish: (store.root / "film/1/more").write_bytes(b""),
    "replacement": lambda store, publish: os.replace(
        store.root / "film/1/README.md", store.root / "film/1/model.onnx"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_fingerprint_changes_with_any(publish, store, change):
    publish(), publish()
    for path in store.root.rglob("*"):
        os.utime(path, (0, 0))  # long ago, for clocks that tick slowly
    before = store.fingerprint("film")
    assert store.fingerprint("film") == before
    assert hash(before) == hash(store.fingerprint("film"))

    change(store, publish)

    assert store.fingerprint("film") != before


def test_the_files_of_a_version_change_with_them_alone(publish, store):
    first, second = publish(), publish()
    before = store.files("film", 1)
    (second.path / "model.onnx").write_bytes(b"other")
    assert store.files("film", 1) == before
    (first.path / "model.onnx").write_bytes(b"other")
    assert store.files("film", 1) != before
    assert not store.files("film", 9)


def test_the_fingerprint_of_one_model_is_not_moved_by_another(publish, store):
    publish()
    before = store.fingerprint("film")
    publish(name="other")

    assert store.fingerprint("film") == before


def test_the_fingerprint_does_not_move_while_a_version_is_being_written(publish, store):
    publish()
    before = store.fingerprint("film")
    (store.root / "film" / ".tmp-abc").mkdir()
    (store.root / "film" / "2").mkdir()

    assert store.fingerprint("film") == before


def test_a_manifest_can_be_read_alone(publish, store):
    version = publish(0.9)
    (version.path / "model.onnx").unlink()

    assert store.manifest("film", 1) == version.manifest
    assert isinstance(store.manifest("film", 1), Manifest)
