"""How a person's own labelled texts are to be read: what no file says by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the caller says of their own files.

    Args:
        text_column: Column (JSON: key) of the text; without a header its number, from 1.
        label_column: Column of the label, likewise.
        has_header: Whether the first line of a CSV or TSV names the columns.
        encoding: What its text is encoded in, as Python names it; None to find out.
        label_map: New name of a label, by the one in the file.
        exact_labels: Keep labels apart that differ only in case, spaces or as `1` and `1.0`.
        drop_classes_under: Leave out classes with fewer distinct texts.
    """

    text_column: str = "text"
    label_column: str = "label"
    has_header: bool = True
    encoding: str | None = None
    label_map: Mapping[str, str] = field(default_factory=dict)
    exact_labels: bool = False
    drop_classes_under: int = 0
