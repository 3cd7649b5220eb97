"""The user's own files as text: what is not UTF-8 is told, with its line."""

import gzip
import hashlib
import shlex
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

from training.errors import DataError

NOT_UTF8 = "not UTF-8"
MAX_BYTES = 2**31  # of one file, unpacked: more text than these networks ever see
_LOOKED_AT = 4096  # bytes from which the kind of a file is told
_STRAY = 16  # bytes that are not UTF-8 in there and may be a slip
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"  # also spreadsheets are ZIP archives


def read_bytes(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a file, unpacked if its name ends in ".gz".

    Raises:
        DataError: If it cannot be read or unpacked, or holds more than `max_bytes`.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as exc:
        raise DataError(f"{path} cannot be read: {exc}") from exc
    if len(data) > max_bytes:
        raise DataError(
            f"{path} holds more than {max_bytes:,} bytes, the most that is read of one file: "
            "split it, or take a part of it"
        )
    return data


def is_text_file(path: Path) -> bool:
    """Return whether the name is one of a text, perhaps packed: ".txt" or ".txt.gz"."""
    return (path.with_suffix("") if path.suffix == ".gz" else path).suffix == ".txt"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as it is stored, in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def decode(data: bytes, path: Path) -> str:
    """Decode UTF-8, with or without a byte order mark.

    Bytes that are not UTF-8 become lone surrogates, so that `is_utf8` finds their lines.

    Raises:
        DataError: If it is packed, in another encoding throughout, or not text.
    """
    text = data.removeprefix(BOM_UTF8).decode("utf-8", errors="surrogateescape")
    problem = _problem(data[:_LOOKED_AT], text[:_LOOKED_AT], path.name)
    if problem:
        raise DataError(f"{path} {problem}")
    return text


def _problem(start: bytes, text: str, name: str) -> str:
    """Tell from the beginning of a file why it is not UTF-8 text, and what to do."""
    if start.startswith(_GZIP):
        return f"is packed: name it {name}.gz, or unpack it"
    if start.startswith(_ZIP):
        return "is a ZIP archive or a spreadsheet: unpack it, or save the table as CSV in UTF-8"
    if start.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or start.count(0) * 4 > len(start):
        return f"is UTF-16, or not text: {save_as_utf8(name, 'UTF-16')}"
    num_undecoded = sum("\udc80" <= char <= "\udcff" for char in text)
    if num_undecoded > max(_STRAY, len(text) // 5):
        return f"is not UTF-8, or not text: {save_as_utf8(name)}"
    return ""


def save_as_utf8(name: str, encoding: str = "WINDOWS-1252") -> str:
    """Return the advice how to bring a file in a likely encoding to UTF-8."""
    quoted, target = shlex.quote(name), shlex.quote(f"utf8_{name}")
    return f"save it as UTF-8 (iconv -f {encoding} -t UTF-8 {quoted} > {target})"


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
