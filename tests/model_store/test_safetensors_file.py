"""The reader of weights, held against the format's own library."""

import json
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from model_store.safetensors_file import open_tensors

TENSORS: dict[str, np.ndarray[Any, Any]] = {
    "half": np.arange(6, dtype=np.float16).reshape(2, 3) / 7,
    "single": np.linspace(-1, 1, 5, dtype=np.float32),
    "double": np.array(np.pi),
    "bytes": np.array([[-128, 127]], np.int8),
    "whole": np.array([2**40, -1], np.int64),
    "none": np.zeros((0, 4), np.float32),
    "flags": np.array([True, False, True]),
}


def file_of(header, data=b""):
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_every_tensor_is_as_the_library_wrote_it():
    read = open_tensors(save(TENSORS, metadata={"format": "np"}))
    assert read.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert read[name].dtype == tensor.dtype
        np.testing.assert_array_equal(read[name], tensor)


def test_arrays_read_the_files_own_bytes_and_cannot_change_them():
    data = save(TENSORS)
    single = open_tensors(memoryview(data))["single"]
    assert np.shares_memory(single, np.frombuffer(data, np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        single[0] = 1


def test_a_tensor_at_an_odd_place_is_read():
    header = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [1, 5]}}
    data = file_of(header, b"\0" + np.float32(0.5).tobytes())
    assert open_tensors(data)["a"].tolist() == [0.5]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "header of 0 bytes in 0"),
        (b"\xff" * 16, "bytes in 16"),
        (save(TENSORS)[:40], "in 40"),
        (file_of([]), "header is broken"),
        (file_of({"a": {"dtype": "F32", "shape": [1]}}), "header is broken"),
        (file_of({"a": {"dtype": "F32", "shape": ["1"], "data_offsets": [0, 4]}}), "broken"),
        (file_of({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"1234"), "8"),
        (file_of({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"1234"), "8"),
        (file_of({"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}, b"1234"), "a "),
        (file_of({"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}, b"12"), "BF16"),
        (file_of({"a": {"dtype": "I8", "shape": [-1, -2], "data_offsets": [0, 2]}}, b"12"), "-2"),
        (file_of({"a": {"dtype": ["I8"], "shape": [1], "data_offsets": [0, 1]}}, b"1"), "I8"),
        (file_of({"a": {"dtype": "I8", "shape": [True], "data_offsets": [0, 1]}}, b"1"), "True"),
        (file_of({"a": {"dtype": "I8", "shape": [0, 2**70], "data_offsets": [0, 0]}}), "no tensor"),
        ((200_000).to_bytes(8, "little") + b"[" * 200_000, "header is broken"),
    ],
    ids=[
        "empty",
        "huge header",
        "cut",
        "list",
        "no offsets",
        "text shape",
        "past the end",
        "wrong size",
        "header bytes",
        "bfloat16",
        "negative shape",
        "list for a type",
        "boolean shape",
        "huge shape",
        "deep header",
    ],
)
def test_what_is_no_such_file_is_refused_with_the_reason(data, reason):
    with pytest.raises(ValueError, match=reason):
        open_tensors(data)
