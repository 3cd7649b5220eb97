"""The numbers in a file of `torch.save`: each storage a member of the zip, tensors their views."""

import math
import zipfile
from dataclasses import dataclass
from typing import Literal

import numpy as np

from model_store.importing.network import Array
from model_store.importing.refused import Refused

SAVE_STATE = "Where it was made: torch.save(model.state_dict(), 'model.pt')"
MAX_BYTES = 2 << 30
DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "BoolStorage": "?",
}


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers in the zip."""

    kind: str
    key: str
    size: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """A view of a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _byte_order(archive: zipfile.ZipFile, folder: str) -> Literal["<", ">"]:
    """Return the order of the bytes of the machine that wrote, which torch names since 2.1."""
    member = f"{folder}byteorder"
    is_big = member in archive.namelist() and archive.read(member) == b"big"
    return ">" if is_big else "<"


def read_array(archive: zipfile.ZipFile, folder: str, tensor: Tensor, name: str) -> Array:
    """Read a tensor; raises `Refused` if it reaches out of its storage."""
    storage = tensor.storage
    dtype = np.dtype(DTYPES[storage.kind]).newbyteorder(_byte_order(archive, folder))
    member = f"{folder}data/{storage.key}"
    size = storage.size * dtype.itemsize
    last = tensor.offset + sum(
        (length - 1) * stride for length, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    if max(size, math.prod(tensor.shape) * dtype.itemsize) > MAX_BYTES:
        what = f"it has more than {MAX_BYTES >> 30} GiB"
        raise Refused(f"tensor {name!r}", what, "Save a smaller model")
    if (
        member not in archive.namelist()
        or archive.getinfo(member).file_size != size
        or (0 not in tensor.shape and last >= storage.size)
    ):
        raise Refused(f"tensor {name!r}", "its numbers are not in the file", SAVE_STATE)
    flat = np.frombuffer(archive.read(member), dtype)
    if storage.kind == "BFloat16Storage":
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    steps = tuple(stride * flat.itemsize for stride in tensor.strides)
    view = np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, steps)
    return np.ascontiguousarray(view)
