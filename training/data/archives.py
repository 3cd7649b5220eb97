"""From the publishers' archives to the files that the readers know.

Members are recognised by their exact names and read in memory; nothing is ever unpacked under a
name that an archive gives, so no member can land outside its folder.
"""

import gzip
import json
import re
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from training.errors import DataError

_REVIEW = re.compile(r"(?:\./)?aclImdb/(train|test)/(neg|pos|unsup)/((\d+)_\d+)\.txt")
_REVIEW_LABELS = {"neg": 0, "pos": 1}


def copy_files(downloads: list[Path], folder: Path) -> None:
    """Take the files as they were fetched."""
    for path in downloads:
        shutil.copyfile(path, folder / path.name)


def unpack_imdb(downloads: list[Path], folder: Path) -> None:
    """Gather the 100,000 files of aclImdb_v1.tar.gz into three files of JSON lines.

    Rows are ordered by the number in the file's name, negative before positive.
    """
    rows: dict[str, list[tuple[int, dict[str, object]]]] = {
        "train": [],
        "test": [],
        "unsupervised": [],
    }
    for match, content in _tar_members(downloads[0], _REVIEW):
        split, kind, stem, number = match.groups()
        row: dict[str, object] = {"id": f"{split}/{kind}/{stem}", "text": content.decode()}
        if kind in _REVIEW_LABELS:
            row["label"] = _REVIEW_LABELS[kind]
        rows["unsupervised" if kind == "unsup" else split].append((int(number), row))
    for split, numbered in rows.items():
        numbered.sort(key=lambda pair: (pair[0], pair[1].get("label", 0)))
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for _, row in numbered]
        if lines:
            _write_gzip(folder / f"{split}.jsonl.gz", "".join(lines).encode())


def unpack_sst2(downloads: list[Path], folder: Path) -> None:
    """Take the training phrases and the dev sentences of GLUE's SST-2.zip."""
    members = _zip_members(downloads[0], "SST-2/train.tsv", "SST-2/dev.tsv")
    _write_gzip(folder / "phrases_train.tsv.gz", members["SST-2/train.tsv"])
    (folder / "glue_dev.tsv").write_bytes(members["SST-2/dev.tsv"])


def unpack_rt_polarity(downloads: list[Path], folder: Path) -> None:
    """Take the two files of rt-polaritydata.tar.gz, from Windows-1252 to UTF-8."""
    pattern = re.compile(r"(?:\./)?rt-polaritydata/(rt-polarity\.(?:neg|pos))")
    for match, content in _tar_members(downloads[0], pattern):
        (folder / match[1]).write_bytes(content.decode("windows-1252").encode())


def unpack_ptb(downloads: list[Path], folder: Path) -> None:
    """Take the three word-level files of simple-examples.tgz."""
    pattern = re.compile(r"(?:\./)?simple-examples/data/(ptb\.(?:train|valid|test)\.txt)")
    for match, content in _tar_members(downloads[0], pattern):
        _write_gzip(folder / f"{match[1]}.gz", content)


def unpack_wikitext2(downloads: list[Path], folder: Path) -> None:
    """Take the three word-level files of wikitext-2-v1.zip."""
    names = [f"wikitext-2/wiki.{split}.tokens" for split in ("train", "valid", "test")]
    for name, content in _zip_members(downloads[0], *names).items():
        _write_gzip(folder / f"{Path(name).name}.gz", content)


def unpack_eng_fra(downloads: list[Path], folder: Path) -> None:
    """Take the pairs of fra-eng.zip."""
    _write_gzip(folder / "fra.txt.gz", _zip_members(downloads[0], "fra.txt")["fra.txt"])


def unpack_vader(downloads: list[Path], folder: Path) -> None:
    """Take the rated sentences and words of the archive inside vaderSentiment-3.3.2.tar.gz."""
    inner = re.compile(r"vaderSentiment-3\.3\.2/additional_resources/hutto_ICWSM_2014\.tar\.gz")
    pattern = re.compile(
        r"hutto_ICWSM_2014/((?:amazonReviewSnippets|tweets)_GroundTruth|vader_sentiment_lexicon)"
        r"\.txt"
    )
    unpacked = folder / "inner.tar.gz"
    for _, archive in _tar_members(downloads[0], inner):
        unpacked.write_bytes(archive)
        for match, content in _tar_members(unpacked, pattern):
            text = content.decode("windows-1252").replace("\r\n", "\n")
            (folder / f"{match[1]}.txt").write_bytes(text.encode())
        unpacked.unlink()


def _tar_members(archive: Path, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    """Read the plain files of a tar archive whose whole name matches."""
    with tarfile.open(archive) as tar:
        for member in tar:
            match = pattern.fullmatch(member.name)
            file = tar.extractfile(member) if match and member.isfile() else None
            if match and file:
                yield match, file.read()


def _zip_members(archive: Path, *names: str) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as file:
        absent = sorted(set(names) - set(file.namelist()))
        if absent:
            raise DataError(f"{archive.name} holds no {', '.join(absent)}")
        return {name: file.read(name) for name in names}


def _write_gzip(path: Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content, compresslevel=3, mtime=0))
