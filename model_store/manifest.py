"""`manifest.json`: what a version is, what it was made of, and the checksum of every file.

The manifest is written last, so a version exists when its manifest does. It carries a checksum of
itself as well, and is written in one fixed form: a change of any byte is noticed. That guards
against accidents, not against someone who can write to the store and recompute checksums.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NoReturn, Self

from pydantic import Field, PositiveInt, field_validator, model_validator

from model_store.document import Document
from model_store.errors import UnknownFormat
from model_store.names import FILE_NAME, MODEL_NAME

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
REQUIRED_FILES = frozenset({"config.json", "model.onnx", "golden.json"})

Count = Annotated[int, Field(ge=0)]
FileName = Annotated[str, Field(pattern=FILE_NAME)]
TaskName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class FileInfo(Document):
    """Size and SHA-256 (lower-case hex) of one file of a version."""

    sha256: Sha256
    bytes: Count


def file_info(data: bytes) -> FileInfo:
    """Measure a file's content."""
    return FileInfo(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


class Dataset(Document):
    """Data that a version was trained, chosen or measured on.

    Args:
        name: E.g. "imdb".
        split: E.g. "train".
        rows: Texts, or characters for a plain text corpus.
        source: Where it comes from, e.g. the publisher's address.
        licence: Its terms, as the publisher names them.
        sha256: Checksum of the file as fetched, if there is one file.
    """

    name: str
    split: str
    rows: Count
    source: str = ""
    licence: str = ""
    sha256: Sha256 | None = None


class PrimaryMetric(Document):
    """The figure by which two versions are compared when one is promoted."""

    name: str
    higher_is_better: bool

    def is_worse(self, new: float, current: float) -> bool:
        """Return whether `new` is worse than `current`; equal is not worse."""
        return new < current if self.higher_is_better else new > current


class About(Document):
    """What the exporter says about a version; the store adds the rest.

    Args:
        task: The task's name, such as "text-classification".
        datasets: What it was trained and measured on.
        metrics: Figures by name, e.g. {"test_accuracy": 0.89}; finite.
        primary_metric: The one of `metrics` that promote compares, or None.
        command: The command that made it.
        libraries: Versions by library name.
    """

    task: TaskName
    datasets: tuple[Dataset, ...] = ()
    metrics: dict[str, float] = {}
    primary_metric: PrimaryMetric | None = None
    command: str = ""
    libraries: dict[str, str] = {}

    @model_validator(mode="after")
    def _primary_metric_was_measured(self) -> Self:
        if self.primary_metric is not None and self.primary_metric.name not in self.metrics:
            raise ValueError(
                f"primary_metric {self.primary_metric.name!r} is not in metrics: "
                f"{sorted(self.metrics)}"
            )
        return self


class Manifest(About):
    """A version's `manifest.json`.

    Args:
        format_version: Form of the version's directory.
        name: The model's name, the directory it was published to.
        version: Its number.
        created: Unix seconds.
        files: Every file of the version but the manifest itself.
    """

    format_version: Literal[1] = 1
    name: Annotated[str, Field(pattern=MODEL_NAME)]
    version: PositiveInt
    created: Count
    files: dict[FileName, FileInfo]

    @field_validator("files")
    @classmethod
    def _lists_what_is_needed(cls, files: dict[str, FileInfo]) -> dict[str, FileInfo]:
        if MANIFEST in files:
            raise ValueError(f"{MANIFEST} cannot list itself")
        if absent := REQUIRED_FILES - files.keys():
            raise ValueError(f"lacks {', '.join(sorted(absent))}")
        return files

    @property
    def checksum(self) -> str:
        """SHA-256 (hex) of all that the manifest says, so of every file of the version."""
        return _checksum(self.model_dump(mode="json"))

    def to_bytes(self) -> bytes:
        """Return the file's content, its own checksum included."""
        return _canonical({**self.model_dump(mode="json"), "checksum": self.checksum})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the file's content.

        Raises:
            UnknownFormat: If `format_version` is not one that is understood.
            ValueError: If it is not JSON, its checksum differs, or it breaks the schema (then it
                is a `pydantic.ValidationError`).
        """
        try:
            content = json.loads(data, parse_constant=_refuse_constant)
        except RecursionError as exc:
            raise ValueError("nested too deeply") from exc
        if not isinstance(content, dict):
            raise ValueError("not a JSON object")
        _check_format(content.get("format_version"))
        claimed = content.pop("checksum", None)
        if data != _canonical({**content, "checksum": claimed}) or claimed != _checksum(content):
            raise ValueError("its own checksum differs")
        return cls.model_validate_json(_canonical(content))


def _canonical(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(content)).hexdigest()


def _check_format(got: object) -> None:
    if got != FORMAT_VERSION or isinstance(got, bool):
        raise UnknownFormat(
            f"format_version {got!r} is not understood, this program reads {FORMAT_VERSION}: "
            "update it, or export the model again"
        )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not allowed")
