"""The user's own files as text: what is not UTF-8 is told, and where it can be, read."""

import functools
import gzip
import hashlib
import logging
import shlex
import zlib
from pathlib import Path

from training.data.encodings import guess_encoding, marked_encoding
from training.errors import DataError

log = logging.getLogger(__name__)

NOT_UTF8 = "not UTF-8"
MAX_BYTES = 2**31  # of one file, unpacked: more text than these networks ever see
_LOOKED_AT = 4096  # bytes from which the kind of a file is told
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"  # also spreadsheets are ZIP archives
_PARQUET = b"PAR1"


def read_bytes(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a file, unpacked if its name ends in ".gz".

    Raises:
        DataError: If it cannot be read or unpacked, or holds more than `max_bytes`.
    """
    try:
        with gzip.open(path) if is_packed(path) else path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as exc:
        raise DataError(f"{path} cannot be read: {exc}") from exc
    if len(data) > max_bytes:
        raise DataError(
            f"{path} holds more than {max_bytes:,} bytes, the most that is read of one file: "
            "split it, or take a part of it"
        )
    return data


def read_start(path: Path) -> bytes:
    """Read the beginning of a file, unpacked if its name ends in ".gz"; b"" if it cannot be."""
    try:
        with gzip.open(path) if is_packed(path) else path.open("rb") as file:
            return file.read(_LOOKED_AT)
    except (OSError, EOFError, zlib.error):
        return b""


def is_packed(path: Path) -> bool:
    """Return whether the name is one of a packed file."""
    return path.suffix.lower() == ".gz"


def is_text_file(path: Path) -> bool:
    """Return whether the name is one of a text, perhaps packed: ".txt" or ".txt.gz"."""
    return (path.with_suffix("") if is_packed(path) else path).suffix.lower() == ".txt"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as it is stored, in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def decode(data: bytes, path: Path, encoding: str | None = None) -> str:
    """Decode a file's bytes: UTF-8, what its mark says, or a guess that is said aloud.

    In a file that is UTF-8 but for a slip here and there, the bytes that are not become lone
    surrogates, so that `is_utf8` finds their lines.

    Args:
        data: What the file holds.
        path: Where it is, for messages.
        encoding: One that Python knows, such as "cp1252"; None to find out.

    Raises:
        DataError: It is packed, not text, or not in the encoding that was named.
    """
    encoding = encoding or marked_encoding(data)
    if encoding:
        return _decode_as(data, path, encoding)
    _check_is_text(data[:_LOOKED_AT], path)
    try:
        return data.decode()
    except UnicodeDecodeError:
        text = data.decode(errors="surrogateescape")
    num_stray = sum("\udc80" <= char <= "\udcff" for char in text)
    num_letters = sum(char > "\x7f" for char in text) - num_stray
    if num_letters >= num_stray:
        return text
    guess = guess_encoding(data)
    if guess is None:
        raise DataError(f"{path} is not UTF-8, or not text: {save_as_utf8(path.name)}")
    _say_guess(path.parent if is_text_file(path) else path, guess)
    return data.decode(guess)


@functools.cache  # of a folder's thousands of texts, one is told
def _say_guess(place: Path, encoding: str) -> None:
    log.info("%s is not UTF-8: read as %s, a guess by its letters", place, encoding)


def _decode_as(data: bytes, path: Path, encoding: str) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as exc:
        line = data[: exc.start].count(b"\n") + 1
        raise DataError(
            f"{path}, line {line:,}: not {encoding}, which knows no byte {data[exc.start]:#04x} "
            "there: name the encoding that the file is in, or none to have it found"
        ) from exc
    except UnicodeError as exc:  # of encodings that tell no place, such as punycode
        raise DataError(
            f"{path}: not {encoding} ({exc}): name the encoding that the file is in, or none to "
            "have it found"
        ) from exc


def _check_is_text(start: bytes, path: Path) -> None:
    """Tell from the beginning of a file why it is no text, and what to do."""
    if start.startswith(_GZIP):
        raise DataError(f"{path} is packed: name it {path.name}.gz, or unpack it")
    if start.startswith(_ZIP):
        raise DataError(
            f"{path} is a ZIP archive or a spreadsheet: unpack it, or save the table as CSV "
            "in UTF-8"
        )
    if start.startswith(_PARQUET):
        raise DataError(f"{path} is a Parquet file: let its name end in .parquet")
    if start.count(0) * 4 > len(start):
        raise DataError(
            f"{path} is UTF-16 without a mark, or not text: {save_as_utf8(path.name, 'UTF-16LE')}"
        )


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
