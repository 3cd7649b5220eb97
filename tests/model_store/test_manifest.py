import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from model_store import About, Dataset, Manifest, PrimaryMetric, UnknownFormat
from model_store.manifest import REQUIRED_FILES, file_info


def manifest(**fields):
    given_fields: dict[str, Any] = {
        "task": "text-classification",
        "name": "film",
        "version": 3,
        "created": 1_700_000_000,
        "files": {filename: file_info(filename.encode()) for filename in sorted(REQUIRED_FILES)},
        "datasets": (Dataset(name="imdb", split="train", rows=20_000, licence="free"),),
        "metrics": {"test_accuracy": 0.1 + 0.2, "loss": 1e-30, "epochs": 3},
        "primary_metric": PrimaryMetric(name="test_accuracy", higher_is_better=True),
        "command": "python -m training.train_classifier --name 'Füße 😀'",
        "libraries": {"torch": "2.13.0"},
    }
    return Manifest(**given_fields | fields)


def test_what_is_written_is_read_back():
    assert Manifest.from_bytes(manifest().to_bytes()) == manifest()


@given(place=st.integers(0), mask=st.integers(1, 255))
def test_a_change_of_any_byte_is_refused(place, mask):
    data = bytearray(manifest().to_bytes())
    data[place % len(data)] ^= mask

    with pytest.raises((ValueError, UnknownFormat)):
        Manifest.from_bytes(bytes(data))


@given(st.integers(0))
def test_a_truncated_manifest_is_refused(length):
    data = manifest().to_bytes()

    with pytest.raises((ValueError, UnknownFormat)):
        Manifest.from_bytes(data[: length % len(data)])


def test_a_figure_changed_by_hand_is_refused():
    document = json.loads(manifest().to_bytes())
    document["metrics"]["test_accuracy"] = 0.99

    with pytest.raises(ValueError, match="checksum differs"):
        Manifest.from_bytes(json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")


@pytest.mark.parametrize("format_version", [0, 2, "1", True, None])
def test_an_unknown_format_is_named_with_what_is_understood(format_version):
    document = {"format_version": format_version, "from": "the future"}

    with pytest.raises(UnknownFormat, match=rf"{format_version!r}.*reads 1"):
        Manifest.from_bytes(json.dumps(document).encode())


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"format_version": 1, "created": NaN}'],
    ids=["empty", "list", "null", "binary", "deep", "nan"],
)
def test_what_is_no_manifest_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        Manifest.from_bytes(data)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../film"),
        ("version", 0),
        ("created", 1.5),
        ("files", {}),
        ("files", dict.fromkeys([*REQUIRED_FILES, "../x"], file_info(b""))),
        ("files", dict.fromkeys([*REQUIRED_FILES, "manifest.json"], file_info(b""))),
        ("metrics", {"test_accuracy": float("nan")}),
        ("metrics", {"loss": 0.1}),
        ("surprise", 1),
    ],
)
def test_a_manifest_is_strict(field, value):
    with pytest.raises(ValidationError):
        manifest(**{field: value})


@pytest.mark.parametrize("sha256", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "0" * 64 + "\n"])
def test_a_checksum_is_64_lower_case_hex_digits(sha256):
    document = json.dumps({"name": "a", "split": "b", "rows": 1, "sha256": sha256})

    with pytest.raises(ValidationError, match="sha256"):
        Dataset.model_validate_json(document)


@pytest.mark.parametrize(
    ("higher_is_better", "new", "current", "is_worse"),
    [
        (True, 0.8, 0.9, True),
        (True, 0.9, 0.8, False),
        (True, 0.9, 0.9, False),
        (False, 1.4, 1.3, True),
        (False, 1.3, 1.4, False),
        (False, 1.3, 1.3, False),
    ],
)
def test_the_primary_metric_knows_its_direction(higher_is_better, new, current, is_worse):
    metric = PrimaryMetric(name="figure", higher_is_better=higher_is_better)

    assert metric.is_worse(new, current) is is_worse


def test_the_primary_metric_must_have_been_measured():
    with pytest.raises(ValidationError, match="'accuracy' is not in metrics"):
        About(
            task="text-generation",
            metrics={"loss": 1.0},
            primary_metric=PrimaryMetric(name="accuracy", higher_is_better=True),
        )
