"""Rows of a Parquet file; class ids become names where the file tells them.

Files written by Hugging Face's `datasets` hold class ids, and their names in the schema's metadata
under `huggingface`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

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
                for row in batch.to_pylist():
                    number += 1
                    yield number, {key: _named(row[key], classes.get(key)) for key in row}
        except (OSError, pa.ArrowException) as exc:
            raise DataError(f"{path}, after row {number:,}: cannot be read: {exc}") from exc

    return names, rows()


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
