"""Fetch a published set once, check it, and keep it in a cache as the files that are read.

Every set is checked against a SHA-256: of what is fetched, or of what is unpacked from it. This
module knows nothing of what is in the files.
"""

import gzip
import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pooch
from requests import RequestException

from training.data import archives
from training.errors import DataError

TIMEOUT_S = 30.0  # without a byte from the publisher


@dataclass(frozen=True, slots=True)
class Download:
    """One file of a publisher.

    Args:
        urls: Its addresses, tried in order.
        sha256: Its checksum; None where none is published, then `PublishedSet.contents` has those
            of what is unpacked from it.
    """

    urls: tuple[str, ...]
    sha256: str | None

    @property
    def file(self) -> str:
        """Its name without the folders."""
        return self.urls[0].rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """One named set.

    Args:
        name: As the caller names it, and its folder's name.
        home: The publisher's page or address, for the manifest.
        licence: The publisher's terms, in short.
        files: What its folder in `DATA_DIR` must hold.
        downloads: What is fetched where `DATA_DIR` has not got it.
        unpack: Turns what was fetched into the set's files, in a folder given.
        contents: SHA-256 of those files, of the unpacked bytes for ".gz".
        fetched_files: Names of those files, where they are not `files`.
    """

    name: str
    home: str
    licence: str
    files: tuple[str, ...]
    downloads: tuple[Download, ...]
    unpack: Callable[[list[Path], Path], None] = archives.copy_files
    contents: Mapping[str, str] = field(default_factory=dict)
    fetched_files: tuple[str, ...] = ()


def fetch(published: PublishedSet, cache: Path) -> Path:
    """Return the set's folder in the cache, filled from the publisher if it is not there.

    A folder is in the cache whole or not at all: it is filled beside its place and renamed.

    Args:
        published: What to fetch, and how to check it.
        cache: A folder, made if absent.

    Raises:
        DataError: If a file cannot be fetched, is not the one that was published, or cannot be
            written.
    """
    target = cache / published.name
    if target.is_dir():
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=f".{published.name}-") as working:
            filled = Path(working, "filled")
            filled.mkdir()
            paths = [_download(published, download, working) for download in published.downloads]
            _unpack(published, paths, filled)
            _move(filled, target)
    except OSError as exc:
        raise DataError(f"{published.name} cannot be kept in {cache}: {exc}") from exc
    return target


def _download(published: PublishedSet, download: Download, working: str) -> Path:
    """Fetch a file from the first of its addresses that has it; return its path."""
    problems = []
    for url in download.urls:
        try:
            path = pooch.retrieve(
                url,
                known_hash=download.sha256,
                fname=download.file,
                path=working,
                downloader=pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=TIMEOUT_S),
            )
        except (RequestException, ValueError) as exc:  # pooch: ValueError for a wrong checksum
            problems.append(f"{url}: {exc}")
        else:
            return Path(path)
    raise DataError(
        f"{published.name} could not be fetched ({'; '.join(problems)}). {_remedy(published)}"
    )


def _remedy(published: PublishedSet) -> str:
    data_dir = os.environ.get("DATA_DIR", "")
    absent = [
        file for file in published.files if not Path(data_dir, published.name, file).is_file()
    ]
    searched = f" (it names {data_dir} now, which lacks {absent[0]})" if data_dir and absent else ""
    return (
        "Try again with a network connection, or set DATA_DIR to a folder that holds "
        f"{published.name}/ with {', '.join(published.files[:4])}{searched}"
    )


def _unpack(published: PublishedSet, paths: list[Path], filled: Path) -> None:
    unreadable = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error)
    try:
        published.unpack(paths, filled)
    except (*unreadable, UnicodeDecodeError) as exc:
        raise DataError(
            f"{published.name}: {paths[0].name} cannot be unpacked, it is not the published file "
            f"or not whole ({exc}). {_remedy(published)}"
        ) from exc
    for file in published.fetched_files or published.files:
        if not (filled / file).is_file():
            raise DataError(
                f"{published.name}: {paths[0].name} lacks what {file} is made of. "
                f"{_remedy(published)}"
            )
    for file, sha256 in published.contents.items():
        if _content_sha256(filled / file) != sha256:
            raise DataError(
                f"{published.name}: {file} as fetched is not the published one (its SHA-256 "
                f"should be {sha256}). {_remedy(published)}"
            )


def _content_sha256(path: Path) -> str:
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    return hashlib.sha256(data).hexdigest()


def _move(filled: Path, target: Path) -> None:
    """Put a filled folder in its place, unless another process was there first."""
    try:
        filled.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        shutil.rmtree(filled)
