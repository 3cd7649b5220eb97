import fcntl
import os
import time

import pytest

from model_store.disk import STALE_S, locked, read_file, remove_stale, replace_file, write_new
from tests.model_store.faults import disk_full


def test_a_file_is_read_up_to_one_byte_over_the_limit(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")

    assert read_file(tmp_path / "file", max_bytes=10) == b"0123456789"
    assert read_file(tmp_path / "file", max_bytes=4) == b"01234"


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["directory", "pipe"])
def test_only_plain_files_are_read_and_nothing_waits(tmp_path, make):
    make(tmp_path / "file")

    with pytest.raises(IsADirectoryError):
        read_file(tmp_path / "file", max_bytes=10)


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")

    with pytest.raises(OSError, match="symbolic links"):
        read_file(tmp_path / "link", max_bytes=10)


def test_refused_reads_leave_no_descriptor_open(tmp_path):
    before = len(os.listdir("/dev/fd"))
    for _ in range(3):
        with pytest.raises(IsADirectoryError):
            read_file(tmp_path, max_bytes=10)

    assert len(os.listdir("/dev/fd")) == before


def test_a_file_is_never_written_over(tmp_path):
    write_new(tmp_path / "file", b"first")

    with pytest.raises(FileExistsError):
        write_new(tmp_path / "file", b"second")


def test_a_failed_replacement_leaves_the_old_content_and_nothing_else(tmp_path):
    replace_file(tmp_path / "file", b"old")

    with disk_full(after_bytes=2), pytest.raises(OSError, match="too large"):
        replace_file(tmp_path / "file", b"new content")

    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_only_old_leftovers_are_removed(tmp_path):
    """A young one may belong to a publisher at work; other names are not ours."""
    now = time.time()
    for name, age_s in ((".tmp-old", STALE_S + 60), (".tmp-young", 60), ("1", 10 * STALE_S)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x")
        os.utime(tmp_path / name, (now - age_s, now - age_s))
    (tmp_path / ".tmp-file").write_bytes(b"x")
    os.utime(tmp_path / ".tmp-file", (0, 0))

    remove_stale(tmp_path)

    assert sorted(os.listdir(tmp_path)) == [".tmp-young", "1"]


def test_a_second_writer_waits_for_the_first(tmp_path):
    with locked(tmp_path):
        descriptor = os.open(tmp_path, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
