"""Named sets: from DATA_DIR, from a publisher (a server on this machine), and the ways it fails."""

import gzip
import hashlib
from dataclasses import replace

import pytest

from tests.training.publisher import assert_refused, make_tar
from tests.training.real_data import real_data
from training.data import named_set_readers, named_sets
from training.data.fetch import Download, fetch
from training.data.named_sets import SETS
from training.errors import DataError


def test_what_was_fetched_once_is_not_fetched_again(publisher, tmp_path):
    names = publisher.set_of("names", {"names.txt": b"emma\nolivia\n"})
    assert fetch(names, tmp_path) == fetch(names, tmp_path)
    assert publisher.num_requests == 1
    assert [path.name for path in tmp_path.iterdir()] == ["names"]


def test_next_address_is_tried_when_the_first_fails(publisher, tmp_path):
    names = publisher.set_of("names", {"names.txt": b"emma\n"})
    download = replace(
        names.downloads[0], urls=(publisher.url("gone/names.txt"), publisher.url("names.txt"))
    )
    folder = fetch(replace(names, downloads=(download,)), tmp_path)
    assert (folder / "names.txt").read_bytes() == b"emma\n"


def test_wrong_checksum_is_refused_and_not_kept(publisher, tmp_path):
    names = publisher.set_of("names", {"names.txt": b"emma\n"}, sha256="0" * 64)
    assert_refused(names, tmp_path, "names", publisher.url("names.txt"), "hash", "DATA_DIR")


def test_wrong_content_is_refused_where_the_archive_has_no_checksum(publisher, tmp_path):
    members = {f"simple-examples/data/ptb.{s}.txt": b"x\n" for s in ("train", "valid", "test")}
    files = {"simple-examples.tgz": make_tar(members)}
    ptb = replace(publisher.set_of("ptb", files, sha256=None), contents=SETS["ptb"].contents)
    assert_refused(ptb, tmp_path, "ptb.train.txt.gz", "SHA-256")


def test_truncated_download_is_refused(publisher, tmp_path):
    names = publisher.set_of("names", {"names.txt": b"emma\n"})
    publisher.missing_bytes = 100
    assert_refused(names, tmp_path, "names could not be fetched")


def test_without_network_and_data_dir_the_error_says_what_to_do(publisher, tmp_path):
    names = publisher.set_of("names", {"names.txt": b"emma\n"})
    publisher.server.server_close()
    assert_refused(names, tmp_path, "could not be fetched", "network", "DATA_DIR", "names.txt")


def test_data_dir_is_used_when_it_holds_the_set(monkeypatch, tmp_path):
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "names.txt").write_text("emma\n")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert named_sets.folder("names") == tmp_path / "names"


def test_data_dir_that_lacks_the_set_is_named_in_the_error(publisher, monkeypatch, tmp_path):
    data_dir, cache = tmp_path / "data", tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("DATA_DIR", str(data_dir))
    names = publisher.set_of("names", {})
    names = replace(names, downloads=(Download((publisher.url("gone"),), None),))
    assert_refused(names, cache, f"names {data_dir} now", "names.txt")


def test_cached_set_is_found_through_the_cache_folder_of_the_user(monkeypatch, tmp_path):
    monkeypatch.delenv("DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cached = tmp_path / named_sets.CACHE_NAME / "names"
    cached.mkdir(parents=True)
    assert named_sets.folder("names") == cached


@pytest.mark.parametrize(
    "content",
    [b"not gzip", gzip.compress(b"{}\n"), gzip.compress(b"[")],
    ids=["not packed", "no review", "no JSON"],
)
def test_broken_file_in_data_dir_is_told(monkeypatch, tmp_path, content):
    for file in SETS["imdb"].files:
        (tmp_path / "imdb").mkdir(exist_ok=True)
        (tmp_path / "imdb" / file).write_bytes(content)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match=f"imdb cannot be read from {tmp_path}/imdb"):
        named_set_readers.read_published("imdb")


def test_every_set_is_checked_by_a_checksum():
    for published_set in SETS.values():
        files = published_set.fetched_files or published_set.files
        is_archive_checked = all(download.sha256 for download in published_set.downloads)
        assert is_archive_checked or set(published_set.contents) == set(files)


@real_data
@pytest.mark.parametrize("name", ["names", "tiny_shakespeare", "names_by_language"])
def test_checksums_are_those_of_the_real_files(name):
    folder = named_sets.folder(name)
    for download in SETS[name].downloads:
        content = (folder / download.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == download.sha256


@real_data
@pytest.mark.parametrize("name", ["ptb", "eng_fra"])
def test_checksums_of_unpacked_files_are_those_of_the_real_ones(name):
    folder = named_sets.folder(name)
    for file, sha256 in SETS[name].contents.items():
        content = gzip.decompress((folder / file).read_bytes())
        assert hashlib.sha256(content).hexdigest() == sha256
