"""A Keras file as a `network`."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model_store.importing.keras.calls import Call, calls_of
from model_store.importing.keras.files import DAMAGE, KerasFile, damaged, open_keras
from model_store.importing.keras.layers import operations
from model_store.importing.keras.source import Layer
from model_store.importing.network import (
    Activate,
    Embed,
    Ending,
    Inputs,
    Join,
    Linear,
    Network,
    Recurrent,
    Step,
)
from model_store.importing.refused import Refused, printable

MAX_SIZE = 100_000  # as --maxlen has it
LOGITS = "If the loss was told from_logits=True, say --logits"


def read_keras(path: Path, *, takes_logits: bool = False) -> tuple[Network, str]:
    """Read a file; return its network and what wrote it, such as "keras 3.15.1".

    Args:
        path: The file.
        takes_logits: Whether it ends without an activation that makes probabilities.

    Raises:
        Refused: If it cannot be imported.
        OSError: If it cannot be read.
    """
    file = open_keras(path)
    try:
        return to_network(file, takes_logits=takes_logits), f"keras {file.version}"
    except DAMAGE as exc:
        raise damaged(path.name, exc) from exc


def to_network(file: KerasFile, *, takes_logits: bool) -> Network:
    """Read the layers of an open file; raises `Refused`."""
    major = _major(file.version)
    calls = calls_of(file.model)
    shape = _input_shape(file, calls)
    steps: list[Step] = []
    places: dict[tuple[str, int], int] = {}
    outline = []
    rank = None if shape is None else len(shape)
    for call in calls:
        layer = Layer(call.entry, file.weights, major, rank)
        given = tuple(places[key] for key in call.inputs) or (-1,)
        try:
            found = operations(layer)
        except DAMAGE as exc:
            raise damaged(f"layer {layer.name!r} ({layer.kind})", exc) from exc
        _check_joined(layer, found, given)
        for operation in found:
            steps.append(Step(printable(layer.name, 80), operation, given))
            given = (len(steps) - 1,)
            rank = _rank(operation, rank)
        places[call.key] = given[0]
        if layer.kind != "InputLayer":
            outline.append(f"{layer.kind} {layer.name!r}")
    inputs = _inputs(steps, shape)
    ending = _ending(steps, takes_logits=takes_logits)
    is_fixed = shape is not None and inputs != "vector" and len(shape) > 1
    return Network(
        tuple(steps),
        inputs,
        ending,
        num_features=0 if inputs == "tokens" else _num_features(steps, shape),
        fixed_len=shape[1] if is_fixed and shape else None,
        outline=outline,
    )


def _check_joined(layer: Layer, found: Sequence[object], given: Sequence[int]) -> None:
    if len(given) > 1 and not any(isinstance(one, Join) for one in found):
        raise layer.refused(f"it is called on {len(given)} tensors", "Join them before")


def _rank(operation: object, rank: int | None) -> int | None:
    """Return how many axes there are after an operation, where that is sure."""
    if isinstance(operation, Embed):
        return 3
    if isinstance(operation, Recurrent):
        return 3 if operation.return_sequences else 2
    if isinstance(operation, Linear | Activate):
        return rank
    return None if type(operation).__name__ == "Pool" else rank


def _major(version: str) -> int:
    head = version.split(".")[0]
    if head not in ("2", "3") or not re.fullmatch(r"[0-9A-Za-z.+-]{1,40}", version):
        raise Refused("the file", f"it was written by Keras {version}", "Keras 2 and 3 are read")
    return int(head)


def _input_shape(file: KerasFile, calls: Sequence[Call]) -> tuple[Any, ...] | None:
    """Return the shape of an input, the batch first, as far as the file tells it."""
    config: Mapping[str, Any] = calls[0].entry["config"]
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    if shape is None and isinstance(file.model["config"], Mapping):
        shape = file.model["config"].get("build_input_shape")
    if shape is None and config.get("input_length"):
        shape = [None, config["input_length"]]
    if shape is None:
        return None
    if not isinstance(shape, list) or len(shape) < 2 or not all(map(_is_size, shape)):
        raise Refused(
            f"layer {calls[0].entry['config'].get('name')!r}",
            f"its inputs have shape {shape!r}",
            f"Each of them has 1 to {MAX_SIZE:,} steps or numbers: save the model again",
        )
    return tuple(shape)


def _is_size(size: Any) -> bool:
    """Tell whether an axis has a length that may be, or any."""
    return size is None or (type(size) is int and 1 <= size <= MAX_SIZE)


def _inputs(steps: Sequence[Step], shape: Sequence[Any] | None) -> Inputs:
    firsts = [step for step in steps if -1 in step.inputs]
    if not firsts:
        raise Refused("the model", "it does nothing with its input", "Save the trained model")
    if any(isinstance(step.operation, Embed) for step in firsts):
        if len(firsts) > 1:
            raise Refused(
                f"layer {firsts[1].layer!r}",
                "it reads the token ids beside the embedding",
                "Only one embedding may read the input",
            )
        return "tokens"
    if shape is None:
        raise Refused(
            f"layer {steps[0].layer!r}",
            "the file does not say what shape its inputs have",
            "Begin the model with keras.Input(shape) and save it again",
        )
    if len(shape) not in (2, 3):
        raise Refused(
            f"layer {steps[0].layer!r}",
            f"its inputs have shape {tuple(shape[1:])}",
            "Inputs are token ids, rows of numbers (time, features) or vectors (features,)",
        )
    return "rows" if len(shape) == 3 else "vector"


def _num_features(steps: Sequence[Step], shape: Sequence[Any] | None) -> int:
    width = shape[-1] if shape else None
    if not isinstance(width, int):
        raise Refused(
            f"layer {steps[0].layer!r}",
            "the file does not say how many numbers a row has",
            "Begin the model with keras.Input(shape) and save it again",
        )
    return width


def _ending(steps: list[Step], *, takes_logits: bool) -> Ending:
    """Take the last activation off the steps; return what it does with the logits."""
    last = steps[-1]
    sizes = [len(one.operation.bias) for one in steps if isinstance(one.operation, Linear)]
    if not sizes:
        raise Refused(f"layer {last.layer!r}", "the network has no Dense layer", "End with one")
    num = sizes[-1]
    name = last.operation.activation.name if isinstance(last.operation, Activate) else "linear"
    before = steps[last.inputs[0]].operation if len(steps) > 1 else None
    if name in ("sigmoid", "softmax") and not isinstance(before, Linear):
        raise Refused(f"layer {last.layer!r}", f"{name} of what is no Dense layer", "End with one")
    ending: Ending = "sigmoid" if num == 1 else "softmax"
    if name == "linear" and isinstance(last.operation, Linear):
        if takes_logits:
            return ending
        raise Refused(
            f"layer {last.layer!r}", "it ends without sigmoid or softmax, so it may be a "
            "regression", f"Models that label are imported. {LOGITS}",
        )  # fmt: skip
    if takes_logits:
        raise Refused(f"layer {last.layer!r}", f"it ends with {name}", "Leave out --logits")
    if name == "sigmoid" and num > 1:
        raise Refused(
            f"layer {last.layer!r}",
            f"{num} sigmoids say yes or no to each label by itself",
            "Models with one label an answer are imported: end with softmax",
        )
    if name == "softmax" and num == 1:
        raise Refused(
            f"layer {last.layer!r}", "a softmax of one number is always 1", "End with sigmoid"
        )
    if name != ending:
        raise Refused(
            f"layer {last.layer!r}", f"it ends with {name}", "End with sigmoid or softmax"
        )
    steps.pop()
    return ending
