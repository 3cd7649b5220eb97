"""Texts to measure a version with, as its command line is given them."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from model_store.errors import StoreError

MAX_CHARACTERS = 256 << 20
"""Of a file: all of it is held in memory, and read by a network twice."""


class UnreadableTexts(StoreError):
    """A file of texts cannot be used; the message names it and says why."""


def read_texts(
    path: Path, *, max_characters: int = MAX_CHARACTERS
) -> Sequence[tuple[str, str | None]]:
    """Read texts, with their labels where the file has some.

    Args:
        path: `.csv` with a header that names a column `text` and perhaps `label`, which may be
            empty; any other file is one text.
        max_characters: Of the whole file.

    Raises:
        UnreadableTexts: If there is no such file, nothing in it, or too much.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            content = file.read(max_characters + 1)
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
        raise UnreadableTexts(f"{path}: cannot be read: {why}") from exc
    if len(content) > max_characters:
        raise UnreadableTexts(f"{path}: over {max_characters:,} characters: measure with a part")
    rows = _of_csv(path, content) if path.suffix.lower() == ".csv" else [(content, None)]
    if not any(text.strip() for text, _ in rows):
        raise UnreadableTexts(f"{path}: there is no text in it")
    return rows


def _of_csv(path: Path, content: str) -> list[tuple[str, str | None]]:
    csv.field_size_limit(MAX_CHARACTERS)
    try:
        reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
        rows = list(reader)
    except csv.Error as exc:
        raise UnreadableTexts(f"{path}: no CSV: {exc}") from exc
    columns = reader.fieldnames or []
    if "text" not in columns:
        found = ", ".join(columns) or "nothing"
        raise UnreadableTexts(f"{path}: its header has no column text but {found}")
    return [(row["text"] or "", row.get("label") or None) for row in rows]
