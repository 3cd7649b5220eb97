"""The user's own files as text: what is not UTF-8 is told, with its line."""

import gzip
import hashlib
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

from training.errors import DataError

NOT_UTF8 = "not UTF-8"


def read_bytes(path: Path) -> bytes:
    """Read a file, unpacked if its name ends in ".gz".

    Raises:
        DataError: If it cannot be read or unpacked.
    """
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as exc:
        raise DataError(f"{path} cannot be read: {exc}") from exc


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as it is stored, in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def decode(data: bytes, path: Path) -> str:
    """Decode UTF-8, with or without a byte order mark.

    Bytes that are not UTF-8 become lone surrogates, so that `is_utf8` finds their lines.

    Raises:
        DataError: If it is UTF-16.
    """
    start = data[:4096]
    if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or start.count(0) * 4 > len(start):
        raise DataError(
            f"{path} is UTF-16, or not text: save it as UTF-8 "
            f"(iconv -f UTF-16 -t UTF-8 {path.name} > utf8_{path.name})"
        )
    return data.removeprefix(BOM_UTF8).decode("utf-8", errors="surrogateescape")


def is_utf8(text: str) -> bool:
    """Return whether a text can be written as UTF-8: no undecodable bytes, no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def split_lines(text: str) -> list[str]:
    """Split at line breaks as an editor counts them (LF, CRLF or CR), which are removed."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
