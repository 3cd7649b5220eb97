"""Rows of a Parquet file; class ids become names where the file tells them.

Files written by Hugging Face's `datasets` hold class ids, and their names in the schema's metadata
under `huggingface`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.data.text_files import is_packed
from training.errors import DataError

BATCH_ROWS = 10_000


def read_parquet(
    path: Path, wanted: list[str]
) -> tuple[list[str], Iterator[tuple[int, Mapping[str, object] | str]]]:
    """Return the names of the columns, and the rows of those wanted, numbered from 1.

    Raises:
        DataError: It is no Parquet file, or damaged.
    """
    import pyarrow as pa  # takes a second: only those who need it wait
    import pyarrow.parquet as pq

    if is_packed(path):
        raise DataError(f"{path} is packed, which Parquet is by itself: unpack it")
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        columns = [name for name in names if name in wanted]
        classes = _class_names(file.schema_arrow.metadata or {})
    except (OSError, ValueError, pa.ArrowException) as exc:
        raise DataError(f"{path} cannot be read as Parquet: {exc}") from exc

    def rows() -> Iterator[tuple[int, Mapping[str, object]]]:
        number = 0
        try:
            for batch in file.iter_batches(BATCH_ROWS, columns=columns):
                values = [_values(column) for column in batch.columns]
                for row in zip(*values, strict=True):
                    number += 1
                    named = zip(batch.schema.names, row, strict=True)
                    yield number, {key: _named(value, classes.get(key)) for key, value in named}
        except (OSError, pa.ArrowException) as exc:
            raise DataError(f"{path}, after row {number:,}: cannot be read: {exc}") from exc

    return names, rows()


def _values(column: Any) -> list[object]:
    """Return a column's values, bytes as the text that they are."""
    try:
        found = column.to_pylist()
    except ValueError:  # text that is not UTF-8, or times that Python has no form for
        found = [_value(scalar) for scalar in column]
    return [_text(value) if isinstance(value, bytes) else value for value in found]


def _value(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return _text(getattr(scalar, "value", scalar).as_buffer().to_pybytes())
    except ValueError:
        return scalar  # neither text nor a number: told as such


def _text(data: bytes) -> str:
    """Decode text; what is not UTF-8 becomes lone surrogates, which `is_utf8` finds."""
    return data.decode(errors="surrogateescape")


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Return the names of class ids by column."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {
            column: feature["names"]
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (KeyError, ValueError, TypeError):
        return {}


def _named(value: object, names: list[str] | None) -> object:
    if names is None or not isinstance(value, int):
        return value
    return names[value] if 0 <= value < len(names) else None
