"""A `state_dict` that `torch.save` wrote, read as data: its pickle is looked at, never executed.

The file is a zip of `data.pkl` and one file a storage. The pickle's opcodes are walked through by
hand; the few names that a `state_dict` needs stand for themselves, any other is refused by name.
What is looked for: pickle protocol 2 and up (PEP 307), torch/serialization.py's layout of the zip.
"""

import io
import pickletools
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_store.importing.network import Array
from model_store.importing.pytorch.storages import (
    DTYPES,
    SAVE_STATE,
    Storage,
    Tensor,
    read_array,
)
from model_store.importing.refused import Refused

MAX_PICKLE_BYTES = 16 << 20
CONTAINER = "collections.OrderedDict"
TENSOR = "torch._utils._rebuild_tensor_v2"
PARAMETER = "torch._utils._rebuild_parameter"
MARK = object()


@dataclass(frozen=True, slots=True)
class _Name:
    """Something that the pickle names."""

    name: str


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
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as exc:  # encrypted, say
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
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
        raise Refused(name, f"its pickle is damaged ({exc})", SAVE_STATE) from exc
    found = _chosen(content, name, key)
    folder = pickled.removesuffix("data.pkl")
    return {one: read_array(archive, folder, tensor, one) for one, tensor in found.items()}


def _chosen(content: Any, name: str, key: str | None) -> Mapping[str, Tensor]:
    if key is not None:
        if not isinstance(content, dict) or not isinstance(content.get(key), dict):
            raise Refused(name, f"it has no state_dict under {key!r}", "Check `state_dict`")
        content = content[key]
    if not isinstance(content, dict):
        raise Refused(name, "it holds no state_dict", SAVE_STATE)
    others = [one for one, value in content.items() if not isinstance(value, Tensor)]
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
        stack.append(_tensor(*arguments[:4]))
    else:
        raise Refused(name, "its pickle calls what no state_dict calls", SAVE_STATE)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any) -> Tensor:
    """Return a view of a storage; raises `ValueError` if it is none."""
    sizes = (offset, *shape, *strides)
    if not isinstance(storage, Storage) or len(shape) != len(strides):
        raise ValueError("a tensor is of no storage")
    if not all(isinstance(one, int) and one >= 0 for one in sizes):
        raise ValueError("a tensor has a shape that is none")
    return Tensor(storage, offset, tuple(shape), tuple(strides))


def _persistent(stack: list[Any], name: str, _: Any) -> None:
    what, kind, key, _, size = stack.pop()
    if what != "storage":
        raise Refused(name, "its pickle refers to what is no storage", SAVE_STATE)
    name = kind.name.removeprefix("torch.")
    if name not in DTYPES:
        raise ValueError("a storage is of no kind that is known")
    stack.append(Storage(name, str(key), int(size)))


def _set_items(stack: list[Any], name: str, _: Any) -> None:
    values = _marked(stack)
    for key, value in zip(values[::2], values[1::2], strict=True):
        _put(stack[-1], key, value)


def _set_item(stack: list[Any], name: str, _: Any) -> None:
    value, key = stack.pop(), stack.pop()
    _put(stack[-1], key, value)


def _put(container: Any, key: Any, value: Any) -> None:
    if not isinstance(key, str | int):  # to hash a tuple of tuples without end ends the process
        raise ValueError("a key is no name")
    container[key] = value


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
