"""Named sets: from DATA_DIR, from a publisher (a server on this machine), and the ways it fails."""

import gzip
import hashlib
import io
import tarfile
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.training.real_data import real_data
from training import published, sources
from training.errors import DataError
from training.fetch import Download, fetch
from training.sources import SETS


class Publisher:
    """A web server on a free port that serves bytes by file name and counts what it is asked."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.missing_bytes = 0  # announced but never sent
        self.num_requests = 0
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                publisher.num_requests += 1
                content = publisher.files.get(self.path.lstrip("/"))
                self.send_response(404 if content is None else 200)
                length = len(content or b"") + publisher.missing_bytes
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def url(self, file):
        return f"http://127.0.0.1:{self.server.server_port}/{file}"

    def set_of(self, name, files, *, sha256="right"):
        """Return the named set with its downloads here; the files are served."""
        self.files |= files
        downloads = tuple(
            Download(
                (self.url(file),),
                hashlib.sha256(content).hexdigest() if sha256 == "right" else sha256,
            )
            for file, content in files.items()
        )
        return replace(SETS[name], downloads=downloads, contents={})

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def publisher(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("DATA_DIR", raising=False)
    publisher = Publisher()
    yield publisher
    publisher.close()


def make_tar(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def make_zip(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


REVIEWS = {
    "aclImdb/README": b"about",
    "aclImdb/train/pos/1_9.txt": "Très bien<br />indeed".encode(),
    "aclImdb/train/neg/1_2.txt": b"Bad.",
    "aclImdb/train/neg/0_3.txt": b"Awful.",
    "aclImdb/train/unsup/0_0.txt": b"Who knows.",
    "aclImdb/test/pos/0_10.txt": b"Great.",
    "aclImdb/test/neg/0_1.txt": b"No.",
    "aclImdb/train/urls_pos.txt": b"http://",
}


def test_imdb_archive_becomes_rows_in_the_order_of_their_numbers(publisher, tmp_path):
    archive = publisher.set_of("imdb", {"aclImdb_v1.tar.gz": make_tar(REVIEWS)})
    folder = fetch(archive, tmp_path)
    labelled = published.READERS["imdb"](folder)
    assert [(row.text, row.label) for row in labelled.train] == [
        ("Awful.", "negative"),
        ("Bad.", "negative"),
        ("Très bien<br />indeed", "positive"),
    ]
    assert [row.text for row in labelled.test or ()] == ["No.", "Great."]
    assert gzip.decompress((folder / "unsupervised.jsonl.gz").read_bytes()).count(b"\n") == 1


def test_rt_polarity_archive_is_read_as_windows_1252(publisher, tmp_path):
    members = {
        "rt-polaritydata/rt-polarity.neg": b"dull \x97 very dull . \n",
        "rt-polaritydata/rt-polarity.pos": b"a caf\xe9 of joy . \n",
    }
    archive = publisher.set_of("rt_polarity", {"rt-polaritydata.tar.gz": make_tar(members)})
    labelled = published.READERS["rt_polarity"](fetch(archive, tmp_path))
    assert [tuple(row[:2]) for row in labelled.train] == [
        ("dull — very dull .", "negative"),
        ("a café of joy .", "positive"),
    ]


def test_glue_form_of_sst2_tests_on_dev_and_keeps_parts_of_validation_out(publisher, tmp_path):
    words = ["it", "is", "a", "long", "and", "tender", "film", "of", "great", "charm"]
    phrases = [[f"{word}{n}" for word in words] for n in range(40)]
    rows = [f"{' '.join(phrase)} \t{n % 2}\n" for n, phrase in enumerate(phrases)]
    rows += [f"{' '.join(phrase[:7])} \t{n % 2}\n" for n, phrase in enumerate(phrases)]
    dev = "".join(f"a dev sentence {n} \t{n % 2}\n" for n in range(8))
    members = {
        "SST-2/train.tsv": f"sentence\tlabel\n{''.join(rows)}".encode(),
        "SST-2/dev.tsv": f"sentence\tlabel\n{dev}".encode(),
        "SST-2/test.tsv": b"index\tsentence\n0\tunlabelled\n",
    }
    archive = publisher.set_of("sst2", {"SST-2.zip": make_zip(members)})
    labelled = published.READERS["sst2"](fetch(archive, tmp_path))
    assert [row.text for row in labelled.test or ()] == [f"a dev sentence {n}" for n in range(8)]
    validation = labelled.validation or []
    assert len(validation) == 8
    assert labelled.rows_read == 88
    held = {row.text.split()[0] for row in validation}
    assert len(labelled.train) == 80 - 2 * 8
    assert not held & {row.text.split()[0] for row in labelled.train}
    assert "no labels" in labelled.notes[0]


@pytest.mark.parametrize(
    ("name", "file", "make", "folder"),
    [
        ("ptb", "simple-examples.tgz", make_tar, "./simple-examples/data/"),
        ("wikitext2", "wikitext-2-v1.zip", make_zip, "wikitext-2/"),
    ],
)
def test_word_level_archives_give_their_three_splits(publisher, tmp_path, name, file, make, folder):
    plain = [name.removesuffix(".gz") for name in SETS[name].files]
    members = {f"{folder}{split}": f"{split} text\n".encode() for split in plain}
    folder = fetch(publisher.set_of(name, {file: make(members)}), tmp_path)
    assert {path.name for path in folder.iterdir()} == set(SETS[name].files)
    for split in plain:
        assert gzip.decompress((folder / f"{split}.gz").read_bytes()) == f"{split} text\n".encode()


def test_sets_of_plain_files_are_kept_as_they_are(publisher, tmp_path):
    files = {file: f"Name of {file}\n".encode() for file in SETS["names_by_language"].files}
    folder = fetch(publisher.set_of("names_by_language", files), tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert len(files) == 18


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


def assert_refused(published_set, cache, *words):
    """The error says all the words, and nothing is left behind."""
    with pytest.raises(DataError) as caught:
        fetch(published_set, cache)
    for word in words:
        assert word in str(caught.value)
    assert list(cache.iterdir()) == []


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


@pytest.mark.parametrize(
    ("name", "file", "content"),
    [
        ("imdb", "aclImdb_v1.tar.gz", make_tar(REVIEWS)[:200]),
        ("imdb", "aclImdb_v1.tar.gz", b"<html>moved</html>"),
        ("wikitext2", "wikitext-2-v1.zip", make_zip({"wikitext-2/wiki.train.tokens": b"x"})[:60]),
    ],
    ids=["half a tar", "a page for a tar", "half a zip"],
)
def test_archive_that_is_not_whole_is_refused(publisher, tmp_path, name, file, content):
    assert_refused(
        publisher.set_of(name, {file: content}, sha256=None), tmp_path, file, "not whole"
    )


def test_archive_without_its_members_is_refused(publisher, tmp_path):
    only_train = {name: text for name, text in REVIEWS.items() if "train" in name}
    archive = publisher.set_of("imdb", {"aclImdb_v1.tar.gz": make_tar(only_train)})
    assert_refused(archive, tmp_path, "test.jsonl.gz")


def test_archive_members_never_land_outside_the_folder(publisher, tmp_path):
    """Names that climb out, absolute names and links are passed over, not followed."""
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    buffer = io.BytesIO(gzip.decompress(make_tar(REVIEWS)))
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        for name in (
            "../evil.txt",
            "aclImdb/train/pos/../../../../evil.txt",
            f"{tmp_path}/evil.txt",
        ):
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"evil"))
        link = tarfile.TarInfo("aclImdb/train/pos/7_9.txt")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        tar.addfile(link)
    archive = publisher.set_of("imdb", {"aclImdb_v1.tar.gz": gzip.compress(buffer.getvalue())})
    folder = fetch(archive, tmp_path / "cache")
    assert len(published.READERS["imdb"](folder).train) == 3
    assert not list(tmp_path.rglob("evil*"))


def test_without_network_and_data_dir_the_error_says_what_to_do(publisher, tmp_path):
    names = publisher.set_of("names", {"names.txt": b"emma\n"})
    publisher.server.server_close()
    assert_refused(names, tmp_path, "could not be fetched", "network", "DATA_DIR", "names.txt")


def test_data_dir_is_used_when_it_holds_the_set(monkeypatch, tmp_path):
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "names.txt").write_text("emma\n")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert sources.folder("names") == tmp_path / "names"


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
    cached = tmp_path / sources.CACHE_NAME / "names"
    cached.mkdir(parents=True)
    assert sources.folder("names") == cached


@pytest.mark.parametrize("content", [b"not gzip", gzip.compress(b"{}\n"), gzip.compress(b"[")])
def test_broken_file_in_data_dir_is_told(monkeypatch, tmp_path, content):
    for file in SETS["imdb"].files:
        (tmp_path / "imdb").mkdir(exist_ok=True)
        (tmp_path / "imdb" / file).write_bytes(content)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match=f"imdb cannot be read from {tmp_path}/imdb"):
        published.read_published("imdb")


def test_every_set_is_checked_by_a_checksum():
    for published_set in SETS.values():
        files = published_set.fetched_files or published_set.files
        is_archive_checked = all(download.sha256 for download in published_set.downloads)
        assert is_archive_checked or set(published_set.contents) == set(files)


@real_data
@pytest.mark.parametrize("name", ["names", "tiny_shakespeare", "names_by_language"])
def test_checksums_are_those_of_the_real_files(name):
    folder = sources.folder(name)
    for download in SETS[name].downloads:
        content = (folder / download.file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == download.sha256


@real_data
def test_checksums_of_unpacked_files_are_those_of_the_real_ones():
    folder = sources.folder("ptb")
    for file, sha256 in SETS["ptb"].contents.items():
        content = gzip.decompress((folder / file).read_bytes())
        assert hashlib.sha256(content).hexdigest() == sha256
