import json
import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from model_store import (
    Golden,
    InvalidName,
    ModelNotFound,
    PublishFailed,
    Store,
    StoreUnavailable,
)
from tests.model_store.conftest import about, classifier_files, generator_files
from tests.model_store.faults import disk_full, in_child, kill_at


def tree(directory):
    """Return every path under a directory with its content."""
    paths = sorted(Path(directory).rglob("*"))
    return {str(path): path.read_bytes() if path.is_file() else None for path in paths}


def test_what_is_published_is_opened_again(store):
    files = classifier_files()
    published = store.publish("film", files, about(0.9, command="make it"))

    opened = store.open("film", published.version)
    assert {filename: opened.read(filename) for filename in files} == files
    assert opened == published
    assert (opened.name, opened.version, opened.manifest.command) == ("film", 1, "make it")


def test_a_generator_is_published_just_so(store):
    published = store.publish("names", generator_files(), about(task="text-generation"))

    assert store.open("names") == published
    assert published.golden().cases[0].text == "abc"
    assert published.tokenizer().vocab_size == published.config.vocab_size


def test_numbers_count_up(publish, store):
    assert [publish().version for _ in range(3)] == [1, 2, 3]
    assert store.versions("film") == [1, 2, 3]


def test_a_number_is_never_used_twice(publish, store):
    """Half-copied and broken versions hold their number too."""
    publish()
    (store.root / "film" / "7").mkdir()
    (store.root / "film" / "9").write_text("not even a directory")

    assert publish().version == 10


def test_a_visible_version_is_not_touched_again(publish, store):
    first = publish()
    before = tree(first.path)
    publish()

    assert tree(first.path) == before


def test_nothing_hidden_is_left_after_publishing(publish, store):
    publish()

    assert os.listdir(store.root / "film") == ["1"]


def test_another_user_may_read_what_was_published(publish, store):
    umask = os.umask(0o022)
    try:
        path = publish().path
    finally:
        os.umask(umask)

    modes = {stat.S_IMODE(each.stat().st_mode) for each in path.iterdir()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert modes == {0o644}


def test_publishers_at_the_same_time_get_different_numbers(publish, store):
    start = Barrier(8)

    def work(_):
        start.wait()
        return [publish().version for _ in range(4)]

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for found in pool.map(work, range(8)) for number in found]

    assert sorted(numbers) == store.versions("film") == list(range(1, 33))
    assert all(store.verify("film", number) == [] for number in numbers)


@pytest.mark.parametrize("after_bytes", [0, 100, 210, 260, 400, 900])
def test_a_full_disk_leaves_the_store_as_it_was(publish, store, after_bytes):
    """The limits let ever more of the version's files through, at last all but the manifest."""
    publish()
    before = tree(store.root)

    with disk_full(after_bytes), pytest.raises(PublishFailed, match="film: not published: File"):
        publish()

    assert tree(store.root) == before
    assert publish().version == 2


def test_a_place_where_nothing_can_be_written_is_told(tmp_path):
    (tmp_path / "models").write_text("a file in the place of the store")

    with pytest.raises(PublishFailed, match="not published"):
        Store(tmp_path / "models").publish("film", classifier_files(), about())


def test_publishing_killed_at_any_step_leaves_the_store_whole(publish, store):
    publish()
    outcomes = []
    for step in range(100):
        known = store.versions("film")

        def work(step=step):
            kill_at(step)
            publish()

        status = in_child(work)
        outcomes.append((status, len(store.versions("film")) - len(known)))
        assert all(store.verify("film", version) == [] for version in store.versions("film"))
        if status == 0:
            break

    num_killed = len(outcomes) - 1
    assert num_killed > len(classifier_files())
    assert {status for status, _ in outcomes[:-1]} == {-signal.SIGKILL}
    assert sorted({new for _, new in outcomes[:-1]}) == [0, 1]
    assert outcomes[-1] == (0, 1)


def test_what_a_killed_publisher_left_is_cleaned_up_an_hour_later(publish, store):
    publish()

    def work():
        kill_at(6)
        publish()

    in_child(work)
    [leftover] = (store.root / "film").glob(".tmp-*")
    publish()
    assert leftover.exists()
    os.utime(leftover, (0, 0))
    publish()
    assert not leftover.exists()
    assert store.versions("film") == [1, 2, 3]


def changed(filename, **fields):
    document = json.loads(classifier_files()[filename])
    return {filename: json.dumps(document | fields).encode()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config.json": b"{}"}, "config.json: .*task"),
        (changed("config.json", labels=["one"]), "config.json: .*labels"),
        (changed("config.json", vocab_size=9), "tokenizer.json: it has 8 tokens, config.json .* 9"),
        (changed("config.json", max_seq_len=3), "golden.json: .*other token_ids"),
        ({"config.json": generator_files()["config.json"]}, "config.json: its task is text-gen"),
        ({"tokenizer.json": b"\x80\x04."}, "tokenizer.json: not a tokenizer"),
        ({"golden.json": b'{"cases": []}'}, "golden.json: cases: List"),
        ({"golden.json": generator_files()["golden.json"]}, "golden.json: .*other token_ids"),
        ({"manifest.json": b"{}"}, "manifest.json: the store writes it"),
    ],
)
def test_what_could_not_be_opened_again_is_not_published(store, change, message):
    with pytest.raises(PublishFailed, match=f"film: {message}"):
        store.publish("film", classifier_files() | change, about())

    assert not store.root.exists()


@pytest.mark.parametrize("filename", ["config.json", "tokenizer.json", "model.onnx", "golden.json"])
def test_a_file_that_every_version_needs_is_asked_for(store, filename):
    files = classifier_files()
    del files[filename]

    with pytest.raises(PublishFailed, match=f"film: {filename}: missing"):
        store.publish("film", files, about())


@pytest.mark.parametrize("filename", ["../evil", "/etc/evil", ".hidden", "a/b", ""])
def test_no_file_can_be_put_outside_the_version(store, filename):
    with pytest.raises(InvalidName, match="file name"):
        store.publish("film", classifier_files() | {filename: b"x"}, about())

    assert not store.root.exists()


def test_no_model_can_be_put_outside_the_store(store):
    with pytest.raises(InvalidName, match="model name"):
        store.publish("../film", classifier_files(), about())


def test_the_first_publication_makes_the_store(store):
    with pytest.raises(StoreUnavailable):
        store.names()

    store.publish("film", classifier_files(), about())

    assert store.names() == ["film"]
    with pytest.raises(ModelNotFound):
        store.versions("other")


def test_golden_cases_survive_publication(publish):
    version = publish()

    assert isinstance(version.golden(), Golden)
    assert version.golden().cases[0].outputs == [0.25, 0.75]
