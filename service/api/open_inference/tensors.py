"""Tensors of the Open Inference Protocol, as JSON and as bytes after the JSON part.

A body with the header `Inference-Header-Content-Length: n` is n bytes of JSON, then the tensors one
after the other. An element of BYTES is its length (4 bytes, little-endian), then its bytes; numbers
are little-endian too.
"""

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from service.api.errors import SchemaError
from service.api.open_inference.request_schemas import MAX_DIMS, Datatype, InputTensor
from service.api.whole_numbers import whole

FORMATS = {
    "BOOL": "?", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q", "INT8": "b",
    "INT16": "h", "INT32": "i", "INT64": "q", "FP16": "e", "FP32": "f", "FP64": "d",
}  # fmt: skip
LENGTH = struct.Struct("<I")


Described = tuple[str, Datatype, tuple[int, ...]]
"""A tensor's name, datatype and shape, -1 for any size."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Elements and what they are.

    Args:
        name: Its name.
        datatype: Type of the elements, texts for BYTES.
        shape: Its sizes.
        values: The elements, row by row.
    """

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    values: Sequence[Any]


def read_tensors(
    asks: Iterable[InputTensor], tail: bytes, *, max_texts: int, max_numbers: int
) -> dict[str, Tensor]:
    """Read the tensors of a request.

    Args:
        asks: How they are described.
        tail: The bytes after the JSON part.
        max_texts: Most elements of a tensor of texts.
        max_numbers: Most elements of any other.

    Returns:
        The tensors by name.

    Raises:
        SchemaError: One is not what it says, or there are two of a name.
    """
    tensors: dict[str, Tensor] = {}
    place = 0
    for number, ask in enumerate(asks):
        param = f"inputs[{number}]"
        count = math.prod(ask.shape)
        max_elements = max_texts if ask.datatype == "BYTES" else max_numbers
        if ask.name in tensors:
            raise SchemaError(f"`{param}` has the name {ask.name!r} again", param=param)
        if count > max_elements:
            raise SchemaError(
                f"`{param}` has a shape of {count if count < 10**12 else 'too many'} elements; "
                f"up to {max_elements} are allowed",
                param=f"{param}.shape",
            )
        size = (ask.parameters or {}).get("binary_data_size")
        if size is None:
            values = _of_json(ask, count, param)
        else:
            data = _piece(tail, place, size, param)
            values = _of_bytes(data, ask.datatype, count, param)
            place += len(data)
        tensors[ask.name] = Tensor(ask.name, ask.datatype, tuple(ask.shape), values)
    if place != len(tail):
        raise SchemaError(
            f"{len(tail) - place} bytes are left after the last tensor; check `binary_data_size` "
            "of each and Inference-Header-Content-Length",
            param="inputs",
        )
    return tensors


def to_bytes(tensor: Tensor) -> bytes:
    """Write the elements of a tensor as bytes."""
    if tensor.datatype != "BYTES":
        return struct.pack(f"<{len(tensor.values)}{FORMATS[tensor.datatype]}", *tensor.values)
    texts = [text.encode() for text in tensor.values]
    return b"".join(part for text in texts for part in (LENGTH.pack(len(text)), text))


def _piece(tail: bytes, place: int, size: object, param: str) -> bytes:
    """Cut a tensor's bytes out of all."""
    length = whole(size)
    if length is None or not 0 <= length <= len(tail) - place:
        raise SchemaError(
            f"`{param}.parameters.binary_data_size` must be a number of bytes that follow the "
            f"JSON part, of which {len(tail) - place} are left",
            param=f"{param}.parameters.binary_data_size",
        )
    return tail[place : place + length]


def _of_bytes(data: bytes, datatype: str, count: int, param: str) -> Sequence[Any]:
    if datatype == "BYTES":
        values = _texts(data, count, param)
    else:
        layout = struct.Struct(f"<{count}{FORMATS[datatype]}")
        if layout.size != len(data):
            raise _wrong_size(param, f"{layout.size} bytes", f"{len(data)} bytes")
        values = list(layout.unpack(data))
    return values


def _texts(data: bytes, count: int, param: str) -> list[str]:
    texts: list[str] = []
    place = 0
    while place < len(data):
        if len(texts) == count or place + LENGTH.size > len(data):
            raise _wrong_size(param, f"{count} elements", "bytes left over")
        (length,) = LENGTH.unpack_from(data, place)
        place += LENGTH.size + length
        if place > len(data):
            raise _wrong_size(param, "an element's whole length", "fewer bytes")
        texts.append(_decoded(data[place - length : place], param))
    if len(texts) != count:
        raise _wrong_size(param, f"{count} elements", str(len(texts)))
    return texts


def _decoded(data: bytes, param: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise SchemaError(f"`{param}` is no text in UTF-8: {exc.reason}", param=param) from exc


def _of_json(ask: InputTensor, count: int, param: str) -> Sequence[Any]:
    if ask.data is None:
        raise SchemaError(
            f"`{param}` has neither `data` nor a `binary_data_size` among its parameters",
            param=f"{param}.data",
        )
    values = _flat(ask.data, f"{param}.data")
    if len(values) != count:
        raise _wrong_size(f"{param}.data", f"{count} elements", str(len(values)))
    if not all(is_of(ask.datatype, value) for value in values):
        raise SchemaError(
            f"`{param}.data` has an element that is no {ask.datatype}", param=f"{param}.data"
        )
    is_integral = "INT" in ask.datatype
    return [int(value) for value in values] if is_integral else values


def _flat(data: list[Any], param: str) -> list[Any]:
    """Flatten nested lists, which may be as deep as a shape is long."""
    for _ in range(MAX_DIMS):
        if not any(isinstance(value, list) for value in data):
            return data
        if not all(isinstance(value, list) for value in data):
            break
        data = [inner for value in data for inner in value]
    raise SchemaError(f"`{param}` is nested too deeply or not evenly", param=param)


def is_of(datatype: str, value: object) -> bool:
    """Tell whether a JSON value can be an element of this type."""
    if datatype == "BYTES":
        return isinstance(value, str)
    if datatype == "BOOL" or isinstance(value, bool):
        return datatype == "BOOL" and isinstance(value, bool)
    if datatype.startswith("FP"):
        return isinstance(value, int | float)
    bits = int(datatype.lstrip("UINT"))
    low, high = (0, 2**bits) if datatype.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    number = whole(value)
    return number is not None and low <= number < high


def _wrong_size(param: str, wanted: str, got: str) -> SchemaError:
    return SchemaError(f"`{param}` must have {wanted} by its shape, got {got}", param=param)
