"""Texts to measure a version with, as its command line is given them."""

import csv
from collections.abc import Sequence
from pathlib import Path

from model_store.errors import StoreError


class UnreadableTexts(StoreError):
    """A file of texts cannot be used; the message names it and says why."""


def read_texts(path: Path) -> Sequence[tuple[str, str | None]]:
    """Read texts, with their labels where the file has some.

    Args:
        path: `.csv` with a header that names a column `text` and perhaps `label`; any other file
            is one text.

    Raises:
        UnreadableTexts: If there is no such file, or nothing in it.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
        raise UnreadableTexts(f"{path}: cannot be read: {why}") from exc
    rows = _of_csv(path, content) if path.suffix.lower() == ".csv" else [(content, None)]
    if not any(text.strip() for text, _ in rows):
        raise UnreadableTexts(f"{path}: there is no text in it")
    return rows


def _of_csv(path: Path, content: str) -> list[tuple[str, str | None]]:
    try:
        reader = csv.DictReader(content.splitlines(keepends=True), strict=True)
        rows = list(reader)
    except csv.Error as exc:
        raise UnreadableTexts(f"{path}: no CSV: {exc}") from exc
    columns = reader.fieldnames or []
    if "text" not in columns:
        found = ", ".join(columns) or "nothing"
        raise UnreadableTexts(f"{path}: its header has no column text but {found}")
    if "label" in columns:
        return [(row["text"] or "", row["label"]) for row in rows]
    return [(row["text"] or "", None) for row in rows]
