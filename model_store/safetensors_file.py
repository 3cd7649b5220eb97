"""Reads a safetensors file: its tensors as arrays over the file's own bytes, nothing copied.

The format (https://github.com/huggingface/safetensors#format): 8 bytes with the length of the
header, the header as JSON, the data. All numbers are little-endian. Nothing in it is executed.
"""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LENGTH_BYTES = 8
ALIGNMENT = 64  # bytes of a cache line, and of the widest instructions
METADATA = "__metadata__"
DTYPES: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    **{f"{kind}{8 * size}": np.dtype(f"<{kind.lower()}{size}")
       for kind, sizes in (("I", (1, 2, 4, 8)), ("U", (1, 2, 4, 8)), ("F", (2, 4, 8)))
       for size in sizes},
}  # fmt: skip
"""What numpy calls the format's types; it has no name for those that are missing, such as BF16."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a tensor lies in the file: bytes from the file's start."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    length: int


def locate(data: bytes | memoryview) -> dict[str, Location]:
    """Return where each tensor of a file lies, by name; whether it is all there is not checked.

    Raises:
        ValueError: If the bytes are no such file.
    """
    length = int.from_bytes(data[:LENGTH_BYTES], "little")
    start = LENGTH_BYTES + length
    if not LENGTH_BYTES < start <= len(data):
        raise ValueError(f"no safetensors file: a header of {length} bytes in {len(data)}")
    try:
        header = json.loads(bytes(data[LENGTH_BYTES:start]))
        return {name: _location(one, start) for name, one in header.items() if name != METADATA}
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as exc:
        raise ValueError(f"no safetensors file: its header is broken: {exc}") from exc


def open_tensors(data: bytes | memoryview) -> dict[str, npt.NDArray[Any]]:
    """Return a file's tensors by name: arrays that read the file's own bytes.

    They are read-only if `data` is, as bytes and read-only maps are, and keep it alive.

    Raises:
        ValueError: If the bytes are no such file, or a tensor is of a type that numpy has not.
    """
    return {name: _array(name, place, data) for name, place in locate(data).items()}


def to_bytes(tensors: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return the content of a file with these tensors, by name.

    Those whose bytes fill whole lines of `ALIGNMENT` come first, so that each begins at a line in a
    file that is mapped to memory; the others follow, the widest numbers first, each at a place
    that its numbers may stand at. The format knows no gaps.

    Raises:
        ValueError: If a tensor is of a type that the format has not.
    """
    names = {dtype: name for name, dtype in DTYPES.items()}
    ordered = sorted(tensors.items(), key=lambda one: (_is_ragged(one[1]), -one[1].itemsize))
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    place = 0
    for name, array in ordered:
        little = array.dtype.newbyteorder("<")
        if little not in names:
            raise ValueError(f"{name} is of type {array.dtype}; written are {', '.join(DTYPES)}")
        parts.append(np.ascontiguousarray(array, little).tobytes())
        offsets = [place, place + len(parts[-1])]
        header[name] = {
            "dtype": names[little],
            "shape": list(array.shape),
            "data_offsets": offsets,
        }
        place = offsets[1]
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(LENGTH_BYTES + len(text)) % ALIGNMENT)
    return b"".join([len(text).to_bytes(LENGTH_BYTES, "little"), text, *parts])


def _is_ragged(array: npt.NDArray[Any]) -> bool:
    return array.nbytes % ALIGNMENT != 0


def _location(entry: Mapping[str, Any], start: int) -> Location:
    first, last = entry["data_offsets"]
    shape = tuple(entry["shape"])
    numbers_fit = all(
        type(number) is int and 0 <= number <= sys.maxsize for number in (first, last, *shape)
    )
    if not numbers_fit or not isinstance(entry["dtype"], str):
        raise ValueError(f"{entry} has a type, size or place that no tensor can have")
    return Location(entry["dtype"], shape, start + first, last - first)


def _array(name: str, place: Location, data: bytes | memoryview) -> npt.NDArray[Any]:
    dtype = DTYPES.get(place.dtype)
    if dtype is None:
        raise ValueError(f"{name} is of type {place.dtype}; read are {', '.join(DTYPES)}")
    count = math.prod(place.shape)
    if place.length != count * dtype.itemsize or place.offset + place.length > len(data):
        raise ValueError(
            f"{name} has {place.length} bytes from {place.offset} on in a file of {len(data)}; "
            f"{place.shape} of {place.dtype} takes {count * dtype.itemsize}"
        )
    return np.frombuffer(data, dtype, count, place.offset).reshape(place.shape)
