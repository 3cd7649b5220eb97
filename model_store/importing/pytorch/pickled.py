"""A `state_dict` that `torch.save` wrote, read as data: its pickle is looked at, never executed.

The file is a zip of `data.pkl` and one file a storage. The pickle's opcodes are walked through by
hand; the few names that a `state_dict` needs stand for themselves, any other is refused by name.
What is looked for: pickle protocol 2 and up (PEP 307), torch/serialization.py's layout of the zip.
"""

import io
import pickletools
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model_store.importing.network import Array
from model_store.importing.refused import Refused

SAVE_STATE = "Where it was made: torch.save(model.state_dict(), 'model.pt')"
MAX_PICKLE_BYTES = 16 << 20
DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "BoolStorage": "?",
}
CONTAINER = "collections.OrderedDict"
TENSOR = "torch._utils._rebuild_tensor_v2"
PARAMETER = "torch._utils._rebuild_parameter"
MARK = object()


@dataclass(frozen=True, slots=True)
class _Name:
    """Something that the pickle names."""

    name: str


@dataclass(frozen=True, slots=True)
class _Storage:
    """Numbers in the zip."""

    kind: str
    key: str
    size: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A view of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_pickled(path: Path, key: str | None) -> dict[str, Array]:
    """Return the tensors of a file by name.

    Args:
        path: The file.
        key: Where in a checkpoint the state_dict lies; None for the file itself.

    Raises:
        Refused: If it holds anything else, or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _tensors(archive, path.name, key)
    except zipfile.BadZipFile as exc:
        raise Refused(
            path.name,
            "it is a bare pickle, or damaged: torch writes a zip since 1.6",
            SAVE_STATE,
        ) from exc


def _tensors(archive: zipfile.ZipFile, name: str, key: str | None) -> dict[str, Array]:
    names = archive.namelist()
    if any(one.endswith("constants.pkl") for one in names):
        raise Refused(name, "it is TorchScript, which is a program", SAVE_STATE)
    pickled = next((one for one in names if one.endswith("/data.pkl") or one == "data.pkl"), None)
    if pickled is None:
        raise Refused(name, "a zip without data.pkl", SAVE_STATE)
    with archive.open(pickled) as file:
        data = file.read(MAX_PICKLE_BYTES + 1)
    if len(data) > MAX_PICKLE_BYTES:
        raise Refused(name, "its pickle is too large for a state_dict", SAVE_STATE)
    try:
        content = _walk(data, name)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as exc:
        raise Refused(name, f"its pickle is damaged ({exc})", SAVE_STATE) from exc
    found = _chosen(content, name, key)
    folder = pickled.removesuffix("data.pkl")
    return {one: _array(archive, folder, tensor, one) for one, tensor in found.items()}


def _chosen(content: Any, name: str, key: str | None) -> Mapping[str, _Tensor]:
    if key is not None:
        if not isinstance(content, dict) or not isinstance(content.get(key), dict):
            raise Refused(name, f"it has no state_dict under {key!r}", "Check `state_dict`")
        content = content[key]
    if not isinstance(content, dict):
        raise Refused(name, "it holds no state_dict", SAVE_STATE)
    others = [one for one, value in content.items() if not isinstance(value, _Tensor)]
    if others or not content:
        raise Refused(
            name,
            f"it holds more than tensors ({', '.join(map(str, others[:4]))})",
            'If it is a checkpoint, name the state_dict in it: state_dict = "model_state_dict"',
        )
    return content


def _walk(data: bytes, name: str) -> Any:
    """Return what a pickle describes, with names and tensors as data."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for opcode, argument, _ in pickletools.genops(io.BytesIO(data)):
        kind = opcode.name
        if kind == "STOP":
            return stack.pop()
        if kind in ("PROTO", "FRAME"):
            continue
        if kind in ("BINPUT", "LONG_BINPUT", "PUT"):
            memo[_place(argument)] = stack[-1]
        elif kind == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif kind in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(memo[_place(argument)])
        elif kind in _VALUES:
            stack.append(_VALUES[kind](argument))
        elif kind in _ACTIONS:
            _ACTIONS[kind](stack, name, argument)
        else:
            raise Refused(name, f"its pickle does what no state_dict does ({kind})", SAVE_STATE)
    raise ValueError("it ends early")


def _place(argument: Any) -> int:
    return int(argument)


_VALUES: Mapping[str, Any] = {
    "MARK": lambda _: MARK,
    "NONE": lambda _: None,
    "NEWTRUE": lambda _: True,
    "NEWFALSE": lambda _: False,
    "EMPTY_DICT": lambda _: {},
    "EMPTY_LIST": lambda _: [],
    "EMPTY_TUPLE": lambda _: (),
    **dict.fromkeys(
        ("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BININT", "BININT1", "BININT2", "LONG1",
         "LONG4", "BINFLOAT", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES"),
        lambda argument: argument,
    ),
}  # fmt: skip


def _marked(stack: list[Any]) -> list[Any]:
    """Take off all above the last mark, and the mark."""
    start = max(place for place, one in enumerate(stack) if one is MARK)
    values = stack[start + 1 :]
    del stack[start:]
    return values


def _named(stack: list[Any], name: str, argument: Any) -> None:
    if argument is None:  # STACK_GLOBAL
        second, first = stack.pop(), stack.pop()
        full = f"{first}.{second}"
    else:
        full = str(argument).replace(" ", ".")
    if full not in (CONTAINER, TENSOR, PARAMETER) and full.removeprefix("torch.") not in DTYPES:
        raise Refused(
            name,
            f"it names {full[:120]}, which is code, and importing runs no code of a file",
            SAVE_STATE,
        )
    stack.append(_Name(full))


def _reduce(stack: list[Any], name: str, _: Any) -> None:
    arguments, called = stack.pop(), stack.pop()
    called_name = called.name if isinstance(called, _Name) else ""
    if called_name == CONTAINER:
        stack.append(dict(arguments[0]) if arguments else {})
    elif called_name == PARAMETER:
        stack.append(arguments[0])
    elif called_name == TENSOR:
        storage, offset, shape, strides = arguments[:4]
        stack.append(_Tensor(storage, int(offset), tuple(shape), tuple(strides)))
    else:
        raise Refused(name, "its pickle calls what no state_dict calls", SAVE_STATE)


def _persistent(stack: list[Any], name: str, _: Any) -> None:
    what, kind, key, _, size = stack.pop()
    if what != "storage":
        raise Refused(name, "its pickle refers to what is no storage", SAVE_STATE)
    stack.append(_Storage(kind.name.removeprefix("torch."), str(key), int(size)))


def _set_items(stack: list[Any], name: str, _: Any) -> None:
    values = _marked(stack)
    stack[-1].update(zip(values[::2], values[1::2], strict=True))


def _set_item(stack: list[Any], name: str, _: Any) -> None:
    value, key = stack.pop(), stack.pop()
    stack[-1][key] = value


def _append(stack: list[Any], name: str, _: Any) -> None:
    value = stack.pop()
    stack[-1].append(value)


def _appends(stack: list[Any], name: str, _: Any) -> None:
    values = _marked(stack)
    stack[-1].extend(values)


def _tuple(stack: list[Any], name: str, _: Any) -> None:
    stack.append(tuple(_marked(stack)))


def _tuple_of(count: int) -> Any:
    def build(stack: list[Any], name: str, _: Any) -> None:
        values = tuple(stack[-count:])
        del stack[-count:]
        stack.append(values)

    return build


def _build(stack: list[Any], name: str, _: Any) -> None:
    stack.pop()  # the versions of modules that a state_dict carries along


_ACTIONS: Mapping[str, Any] = {
    "GLOBAL": _named,
    "STACK_GLOBAL": _named,
    "REDUCE": _reduce,
    "BINPERSID": _persistent,
    "SETITEMS": _set_items,
    "SETITEM": _set_item,
    "APPEND": _append,
    "APPENDS": _appends,
    "TUPLE": _tuple,
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "BUILD": _build,
}


def _array(archive: zipfile.ZipFile, folder: str, tensor: _Tensor, name: str) -> Array:
    """Read a tensor; raises `Refused` if it reaches out of its storage."""
    storage = tensor.storage
    dtype = np.dtype(DTYPES[storage.kind])
    member = f"{folder}data/{storage.key}"
    size = storage.size * dtype.itemsize
    last = tensor.offset + sum(
        (length - 1) * stride for length, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    is_inside = min((tensor.offset, *tensor.strides, *tensor.shape)) >= 0
    if (
        member not in archive.namelist()
        or archive.getinfo(member).file_size != size
        or not is_inside
        or (0 not in tensor.shape and last >= storage.size)
    ):
        raise Refused(f"tensor {name!r}", "its numbers are not in the file", SAVE_STATE)
    flat = np.frombuffer(archive.read(member), dtype)
    if storage.kind == "BFloat16Storage":
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    steps = tuple(stride * flat.itemsize for stride in tensor.strides)
    view = np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, steps)
    return np.ascontiguousarray(view)
