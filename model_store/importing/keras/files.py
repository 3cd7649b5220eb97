"""Whole-model files of Keras: what they say of the network, and where its weights lie.

- `.keras` (3.x, and 2.12 and later): a zip of `metadata.json`, `config.json` and
  `model.weights.h5`, whose groups are named by class and order (`layers/dense_1/vars/0`).
- `.h5` (2.x and 3.x): the configuration as JSON in attributes, weights by the layers' names.

Nothing of the file is run: JSON and arrays are read, no links out of the file are followed.
"""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np

from model_store.importing.network import Array
from model_store.importing.refused import Refused

SAVE_WHOLE = "Load it where it was made and save it with model.save('model.keras')"
MAX_BYTES = 2 << 30
MAX_JSON_BYTES = 64 << 20
DAMAGE = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError, RuntimeError,
          LookupError, ValueError, TypeError, AttributeError, OverflowError)  # fmt: skip
"""What reading a damaged file raises: zipfile, h5py, or looking for what is not there."""

ROOTS = ("layers", "_layer_checkpoint_dependencies")  # of 3.x; of 2.12 to 2.15


class Weights(Protocol):
    """Finds the weights of layers."""

    def of(self, layer: Mapping[str, Any], part: str = "") -> list[Array]:
        """Return a layer's arrays in Keras' own order.

        Args:
            layer: Its entry in the configuration.
            part: Of what in it: "" for its own, else "cell", "layer", "forward_layer" or
                "backward_layer".
        """


@dataclass(frozen=True, slots=True)
class KerasFile:
    """What a file says.

    Args:
        version: Of the Keras that wrote it, such as "3.15.1" or "2.4.0".
        model: The configuration: `class_name` and `config`.
        weights: Finds them.
    """

    version: str
    model: Mapping[str, Any]
    weights: Weights


def open_keras(path: Path) -> KerasFile:
    """Read a `.keras` or `.h5` file.

    Raises:
        Refused: If it is none, or is damaged.
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:  # from here on an OSError is of h5py: the file is damaged
        head = file.read(8)
    if path.stat().st_size > MAX_BYTES:
        raise Refused(path.name, f"it has more than {MAX_BYTES >> 30} GiB", "Save a smaller model")
    try:
        if head.startswith(b"PK"):
            return _open_zip(path)
        if head == b"\x89HDF\r\n\x1a\n":
            return _open_h5(path)
    except DAMAGE as exc:
        raise damaged(path.name, exc) from exc
    raise Refused(
        path.name,
        "it is neither a .keras nor an .h5 file, nor named .pt, .safetensors or .onnx",
        SAVE_WHOLE,
    )


def damaged(place: str, exc: Exception) -> Refused:
    """Return the error of a file, or a layer of it, that cannot be read as what it says it is."""
    reason = str(exc).splitlines()[0][:120] if str(exc) else type(exc).__name__
    return Refused(place, f"it is damaged, or no model ({reason})", SAVE_WHOLE)


def _open_zip(path: Path) -> KerasFile:
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if not {"config.json", "model.weights.h5"} <= names:
            raise Refused(path.name, "a zip without config.json and model.weights.h5", SAVE_WHOLE)
        model = _checked(json.loads(_member(archive, "config.json", MAX_JSON_BYTES)))
        about = json.loads(_member(archive, "metadata.json", MAX_JSON_BYTES))
        data = _member(archive, "model.weights.h5", MAX_BYTES)
    version = str(about.get("keras_version", "3"))
    return KerasFile(version, model, _ByClass(h5py.File(io.BytesIO(data), "r"), model))


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with archive.open(name) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Refused(name, f"it unpacks to more than {limit >> 20} MiB", "Save a smaller model")
    return data


def _open_h5(path: Path) -> KerasFile:
    file = h5py.File(path, "r")
    if "model_config" not in file.attrs:
        what = "weights alone" if "layer_names" in file.attrs or "layers" in file else "no model"
        raise Refused(path.name, f"the file holds {what}, not the layers", SAVE_WHOLE)
    group = file["model_weights"]
    version = _text(file.attrs.get("keras_version", group.attrs.get("keras_version", "2")))
    model = _checked(json.loads(_text(file.attrs["model_config"])))
    return KerasFile(version, model, _ByName(group))


def _checked(model: Any) -> Mapping[str, Any]:
    """Return a configuration if each layer has a class, settings and a name, else `ValueError`."""
    if not isinstance(model, dict) or not isinstance(model.get("class_name"), str):
        raise ValueError("its configuration names no class")
    config = model.get("config")  # of a Sequential of Keras 2.2 and before, the layers themselves
    if not isinstance(config, dict | list):
        raise ValueError(f"the configuration of {model['class_name']!r} holds no settings")
    layers = config if isinstance(config, list) else config.get("layers", [])
    for place, layer in enumerate(layers if isinstance(layers, list) else [layers]):
        if not isinstance(layer, dict) or not isinstance(layer.get("class_name"), str):
            raise ValueError(f"entry {place} of its layers names no class")
        if not isinstance(layer.get("config"), dict) or not isinstance(
            layer["config"].get("name"), str
        ):
            raise ValueError(f"layer {place}, {layer['class_name']!r}, has no settings or no name")
    return model


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _ByName:
    """Weights of an `.h5` file: each layer's in the order of its `weight_names`."""

    def __init__(self, group: h5py.Group) -> None:
        self._group = group

    def of(self, layer: Mapping[str, Any], part: str = "") -> list[Array]:
        name = layer["config"]["name"]
        if name not in self._group:
            return []
        group = _child(self._group, name)
        names = [_text(one) for one in group.attrs.get("weight_names", ())]
        arrays = [_array(_child(group, one), f"layer {name!r}") for one in names]
        half = len(arrays) // 2
        if part == "forward_layer":
            return arrays[:half]
        return arrays[half:] if part == "backward_layer" else arrays


class _ByClass:
    """Weights of a `.keras` file, whose groups are named by class and order, not by layer.

    An LSTM that is called "reader" lies at `layers/lstm/cell/vars`, the second Dense layer at
    `layers/dense_1/vars`, whatever it is called.
    """

    def __init__(self, file: h5py.File, model: Mapping[str, Any]) -> None:
        self._root = next((file[root] for root in ROOTS if root in file), file)
        self._groups: dict[str, str] = {}
        counts: dict[str, int] = {}
        for layer in model["config"].get("layers", ()):
            kind = snake_case(str(layer["class_name"]))
            count = counts.get(kind, 0)
            counts[kind] = count + 1
            self._groups[layer["config"]["name"]] = f"{kind}_{count}" if count else kind

    def of(self, layer: Mapping[str, Any], part: str = "") -> list[Array]:
        name = layer["config"]["name"]
        parts = [self._groups[name], *([part] if part else [])]
        is_cell = part in ("forward_layer", "backward_layer")
        path = "/".join([*parts, *(["cell"] if is_cell else []), "vars"])
        if path not in self._root:
            return []
        group = _child(self._root, path)
        places = sorted(group, key=int)
        return [_array(_child(group, place), f"layer {name!r}") for place in places]


def snake_case(name: str) -> str:
    """Return a class's name as Keras writes it in paths: `SimpleRNN` is `simple_rnn`."""
    apart = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", apart).lower()


def _child(group: h5py.Group, path: str) -> Any:
    """Return what lies at a path, if every part of it lies in this very file."""
    for part in path.split("/"):
        if not part:
            continue
        link = group.get(part, getlink=True) if isinstance(group, h5py.Group) else None
        if link is None:
            raise Refused(path, "these weights are not in the file", SAVE_WHOLE)
        if not isinstance(link, h5py.HardLink):
            raise Refused(path, "it is a link out of its place", SAVE_WHOLE)
        group = group[part]
    return group


def _array(dataset: Any, place: str) -> Array:
    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
        raise Refused(place, "its weights lie outside of the file", SAVE_WHOLE)
    if dataset.dtype not in (np.float32, np.float64):
        raise Refused(
            place,
            f"its weights are {dataset.dtype}, only float32 is read",
            "Save it with the float32 policy: keras.config.set_dtype_policy('float32')",
        )
    if not dataset.size:  # None where the file says that there are none
        raise Refused(place, "it has weights without numbers", SAVE_WHOLE)
    if dataset.size * dataset.dtype.itemsize > MAX_BYTES:
        what = f"its weights {dataset.shape} have more than {MAX_BYTES >> 30} GiB"
        raise Refused(place, what, "Save a smaller model")
    array = np.asarray(dataset[()], np.float32)
    if not np.isfinite(array).all():
        raise Refused(place, "its weights are not all finite", "Train it again: it has diverged")
    return array
