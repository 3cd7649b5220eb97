"""The user's own text for a generator: one file or a folder of them, as documents."""

from dataclasses import dataclass
from pathlib import Path

from training.data.reports import BadRow, SourceReport, counted, describe_bad_rows
from training.data.text_files import (
    NOT_UTF8,
    decode,
    file_sha256,
    is_text_file,
    is_utf8,
    read_bytes,
    split_lines,
)
from training.errors import DataError


@dataclass(frozen=True, slots=True)
class OwnText:
    """What was read.

    Args:
        documents: At least one.
        is_running: Whether it is one long text, to be cut in two rather than dealt out.
        report: Lines read, lines that are not UTF-8, and what was passed over.
        sha256: Checksum of the file, if it is one file.
    """

    documents: list[str]
    is_running: bool
    report: SourceReport
    sha256: str | None = None


def read_own_text(path: Path, *, lines: bool, encoding: str | None = None) -> OwnText:
    """Read a text file, or every .txt file in a folder and the folders in it.

    Args:
        path: The file (of any name) or the folder; what ends in ".gz" is unpacked.
        lines: Take each line that is not blank as a document, without the white space around it.
            Otherwise each file is one.
        encoding: See `decode`.

    Returns:
        The documents in order; line breaks are LF, whatever they were. Lines that are not UTF-8
        are left out and reported.

    Raises:
        DataError: If there is no text in it, or a file is no text.
    """
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and is_text_file(file))
    texts, bad, num_lines = [], [], 0
    for file in files:
        found = split_lines(decode(read_bytes(file), file, encoding))
        bad += [
            BadRow(str(file), number, NOT_UTF8)
            for number, line in enumerate(found, start=1)
            if not is_utf8(line)
        ]
        num_lines += len(found) - (not found[-1])  # the last line break ends a line, begins none
        texts.append("\n".join(line for line in found if is_utf8(line)))
    documents = [document for text in texts for document in _documents(text, lines=lines)]
    if not documents:
        where = " in .txt files" if path.is_dir() else ""
        why = f": {'; '.join(describe_bad_rows(bad)[:3])}" if bad else ""
        raise DataError(f"{path} holds no text{where}{why}")
    dropped = {"blank lines": num_lines - len(bad) - len(documents)} if lines else {}
    return OwnText(
        documents=documents,
        is_running=len(files) == 1 and not lines,
        report=SourceReport(
            name=str(path),
            rows_read=num_lines,
            unit="line",
            bad_rows=tuple(bad),
            dropped=dropped,
            notes=_passed_over(path),
        ),
        sha256=None if path.is_dir() else file_sha256(path),
    )


def _documents(text: str, *, lines: bool) -> list[str]:
    found = [line.strip() for line in text.split("\n")] if lines else [text]
    return [document for document in found if document.strip()]


def _passed_over(path: Path) -> tuple[str, ...]:
    others = [file for file in path.rglob("*") if file.is_file() and not is_text_file(file)]
    return (f"passed over, for it is not .txt: {counted(len(others), 'file')}",) if others else ()
