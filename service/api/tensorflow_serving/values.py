"""Between TensorFlow Serving's JSON values and tensors: rows or columns in, rows or columns out.

A row is one example with all its inputs, a column one input of all examples. Spec: TensorFlow
Serving, `tensorflow_serving/g3doc/api_rest.md`. Knows no task: what a model takes and gives, its
verb's `Tensors` say.
"""

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from typing import Any

from service.api.errors import SchemaError
from service.api.open_inference.request_schemas import MAX_DIMS
from service.api.open_inference.tensors import Described, Tensor, is_of
from service.api.task import Outputs

LENGTHS = "lengths"  # the input that tells how much of each row of another is meant
B64 = "b64"


def read_rows(
    rows: list[Any], inputs: Sequence[Described], param: str, *, max_numbers: int
) -> dict[str, Tensor]:
    """Read examples, each either the value of the first input or an object of several by name.

    What is no list of examples by its nature, such as how many tokens to write, must be the same
    in each row. Sequences of different lengths are filled up where the model takes `lengths`.

    Args:
        rows: The examples, at least one.
        inputs: What the model takes.
        param: The field that they were sent in.
        max_numbers: What sequences may be filled up to.

    Raises:
        SchemaError: A value or a name is none that the model takes, or rows do not fit together.
    """
    first = inputs[0][0]
    named = [row if _is_object(row) else {first: row} for row in rows]
    known = {one[0]: one for one in inputs}
    for place, row in enumerate(named):
        _check_names(row, known, f"{param}[{place}]")
        if row.keys() != named[0].keys():
            raise SchemaError(
                f"`{param}[{place}]` has other inputs than the first one; send the same in each",
                param=f"{param}[{place}]",
            )
    columns = {name: [row[name] for row in named] for name in named[0]}
    if LENGTHS in known and LENGTHS not in columns and first in columns:
        columns |= _filled_up(columns[first], first, param, max_numbers)
    tensors = {
        name: _column(known[name], values, param, is_first=name == first)
        for name, values in columns.items()
    }
    if tensors[first].shape[0] != len(rows):
        raise SchemaError(f"`{param}` must have one {first} in each row", param=param)
    return tensors


def read_columns(value: Any, inputs: Sequence[Described], param: str) -> dict[str, Tensor]:
    """Read inputs by name, or the value of the first one; see `read_rows`."""
    known = {one[0]: one for one in inputs}
    columns = value if _is_object(value) else {inputs[0][0]: value}
    _check_names(columns, known, param)
    return {
        name: to_tensor(known[name], one if isinstance(one, list) else [one], param)
        for name, one in columns.items()
    }


def _check_names(columns: Mapping[str, Any], known: Mapping[str, Described], param: str) -> None:
    """Refuse inputs that the model does not take, or that are missing; raises `SchemaError`."""
    takes = ", ".join(f"{name} ({datatype})" for name, datatype, _ in known.values())
    for name in columns:
        if name not in known:
            raise SchemaError(f"`{param}` has {name[:80]!r}; the model takes {takes}", param=param)
    first = next(iter(known))
    if first not in columns:
        raise SchemaError(f"`{param}` has no {first!r}; the model takes {takes}", param=param)


def to_tensor(described: Described, value: list[Any], param: str) -> Tensor:
    """Make a tensor of nested lists; raises `SchemaError`."""
    name, datatype, wanted = described
    shape, values = _flat(value, param, 0)
    if datatype == "BYTES":
        values, shape = [_text(one, param) for one in values], (len(values),)
    if not all(is_of(datatype, one) for one in values):
        raise SchemaError(f"`{param}` has a value for {name} that is no {datatype}", param=param)
    if "INT" in datatype:
        values = [int(one) for one in values]  # 3.0 is 3
    inner = wanted[1:]
    if inner and -1 not in inner and len(values) == shape[0] * math.prod(inner):
        shape = (shape[0], *inner)  # an image may be rows of pixels
    return Tensor(name, datatype, shape, values)


def to_rows(outputs: Outputs, num_rows: int, counts: str | None) -> list[Any]:
    """Return an object of all outputs for each row, or the value alone if there is one output.

    Args:
        outputs: What the model gave.
        num_rows: How many rows it was asked.
        counts: The output that tells how many elements of the others are of each row, if there is.
    """
    sizes = [1] * num_rows if counts is None else list(outputs[counts].values)
    rows: list[dict[str, Any]] = [{} for _ in range(num_rows)]
    for name, tensor in outputs.items():
        values, start = to_nested(tensor), 0
        for row, size in zip(rows, sizes, strict=True):
            is_one = counts is None or name == counts
            row[name] = values[start] if is_one else values[start : start + size]
            start += 1 if is_one else size
    return [next(iter(row.values())) for row in rows] if len(outputs) == 1 else list(rows)


def to_columns(outputs: Outputs) -> Any:
    """Return all outputs by name, or the value alone if there is one output."""
    columns = {name: to_nested(tensor) for name, tensor in outputs.items()}
    return next(iter(columns.values())) if len(columns) == 1 else columns


def to_nested(tensor: Tensor) -> list[Any]:
    """Return a tensor as nested lists."""
    values = list(tensor.values)
    for size in reversed(tensor.shape[1:]):
        values = [values[start : start + size] for start in range(0, len(values), size)]
    return values


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() != {B64}


def _column(described: Described, values: list[Any], param: str, *, is_first: bool) -> Tensor:
    """Make a tensor of one input of all rows."""
    name, datatype, shape = described
    if is_first or (shape[0] == -1 and datatype != "BYTES"):
        return to_tensor(described, values, param)
    if any(value != values[0] for value in values):
        raise SchemaError(
            f"`{param}` has different values for {name}; it holds for all rows of a request",
            param=param,
        )
    return to_tensor(described, values[0] if isinstance(values[0], list) else values[:1], param)


def _filled_up(rows: list[Any], first: str, param: str, max_numbers: int) -> dict[str, list[Any]]:
    """Fill sequences up to the longest, and tell their lengths."""
    if not all(isinstance(row, list) and row and isinstance(row[0], list) for row in rows):
        return {}
    longest, widest = max(map(len, rows)), max(len(row[0]) for row in rows)
    if len(rows) * longest * widest > max_numbers:
        raise SchemaError(
            f"`{param}` has sequences of too different lengths; send the long ones by themselves",
            param=param,
        )
    filled = [row + [[0.0] * len(row[0])] * (longest - len(row)) for row in rows]
    return {first: filled, LENGTHS: [len(row) for row in rows]}


def _flat(value: list[Any], param: str, depth: int) -> tuple[tuple[int, ...], list[Any]]:
    """Return the shape and the elements of nested lists."""
    if not any(isinstance(one, list) for one in value):
        return (len(value),), value
    if depth == MAX_DIMS or not all(isinstance(one, list) for one in value):
        raise SchemaError(f"`{param}` is nested too deeply or not evenly", param=param)
    parts = [_flat(one, param, depth + 1) for one in value]
    if len({shape for shape, _ in parts}) > 1:
        raise SchemaError(f"`{param}` has lists of different lengths", param=param)
    return (len(value), *parts[0][0]), [inner for _, values in parts for inner in values]


def _text(value: Any, param: str) -> Any:
    """Return a text that may be packed as `{"b64": …}`; what is none is left to be refused."""
    if not (isinstance(value, dict) and isinstance(value.get(B64), str)):
        return value
    try:
        return base64.b64decode(value[B64], validate=True).decode()
    except (binascii.Error, ValueError) as exc:
        raise SchemaError(
            f"`{param}` has a `{B64}` that is no text in UTF-8 packed in base64", param=param
        ) from exc
