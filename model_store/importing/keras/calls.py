"""Who calls whom in a Keras model: its layers in order, with what each is called on.

A Sequential is a chain; a functional model says for each layer, and each call of it, whose outputs
it takes, in one way up to Keras 2 (`[["embedding", 0, 0, {}]]`) and in another since 3 (a tensor
with its `keras_history`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model_store.importing.refused import Refused

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a layer.

    Args:
        entry: The layer's entry in the configuration.
        key: What others name its output by.
        inputs: Keys of what it is called on; empty for the model's input.
    """

    entry: Entry
    key: tuple[str, int]
    inputs: tuple[tuple[str, int], ...]


def calls_of(model: Entry) -> list[Call]:
    """Return the calls that lead from a model's one input to its one output, in order.

    Raises:
        Refused: If it has several of either, or is of a kind that is not known.
    """
    kind, config = str(model.get("class_name")), model.get("config")
    if kind == "Sequential":
        layers = config if isinstance(config, list) else dict(config or {}).get("layers", [])
        return _chain(layers)
    if kind in ("Functional", "Model") and isinstance(config, Mapping) and "layers" in config:
        return _functional(config)
    raise Refused(
        f"model {kind!r}",
        "it is a class of your own, and importing runs no code of a file",
        "Build the same layers as a Sequential or functional model, set_weights from this one, "
        "and save that",
    )


def _chain(layers: Sequence[Entry]) -> list[Call]:
    calls: list[Call] = []
    for entry in layers:
        before = (calls[-1].key,) if calls else ()
        calls.append(Call(entry, (str(entry["config"].get("name")), 0), before))
    if not calls:
        raise Refused("model 'Sequential'", "it has no layers", "Save the model after it is built")
    return calls


def _functional(config: Entry) -> list[Call]:
    _only_one(config, "input_layers", "input")
    (output,) = _only_one(config, "output_layers", "output")
    calls = {}
    for entry in config["layers"]:
        name = str(entry.get("name") or entry["config"]["name"])
        nodes = entry.get("inbound_nodes") or []
        found = [_inputs(name, str(entry["class_name"]), node) for node in nodes] or [()]
        for place, inputs in enumerate(found):
            calls[name, place] = Call(entry, (name, place), inputs)
    return list(_in_order(calls, output))


def _only_one(config: Entry, key: str, noun: str) -> list[tuple[str, int]]:
    value = config[key]
    if isinstance(value, Mapping) or not value:
        raise Refused(f"model {config.get('name')!r}", f"its {noun}s are named", "Use one, unnamed")
    many = [value] if isinstance(value[0], str) else list(value)
    if len(many) != 1:
        raise Refused(
            f"model {config.get('name')!r}",
            f"it has {len(many)} {noun}s",
            f"Build a keras.Model with one {noun} from its layers, and save that",
        )
    return [(str(many[0][0]), int(many[0][1]))]


def _inputs(name: str, kind: str, node: Any) -> tuple[tuple[str, int], ...]:
    """Return the keys of what one call takes."""
    if isinstance(node, Mapping):
        if list(_tensors(_given(node.get("kwargs") or {}))):
            raise _states(name, kind)
        tensors = list(_tensors(node.get("args")))
    else:
        tensors = [(str(one[0]), int(one[1]), int(one[2])) for one in node]
        if any(len(one) > 3 and _is_given(one[3]) for one in node):
            raise _states(name, kind)
    if any(index for *_, index in tensors):
        raise Refused(
            f"layer {name!r} ({kind})",
            "it takes another output than the first of a layer",
            "Use the layer's outputs alone, without return_state",
        )
    return tuple((layer, place) for layer, place, _ in tensors)


def _given(kwargs: Entry) -> list[Any]:
    """Return keyword arguments that hold tensors; a mask goes with its tensor anyway."""
    return [value for key, value in kwargs.items() if key not in ("mask", "training")]


def _is_given(kwargs: Any) -> bool:
    return isinstance(kwargs, Mapping) and any(
        value is not None for key, value in kwargs.items() if key not in ("mask", "training")
    )


def _states(name: str, kind: str) -> Refused:
    return Refused(
        f"layer {name!r} ({kind})",
        "it is called with more than its input, such as an initial state",
        "Only layers that begin from zeros are imported",
    )


def _tensors(value: Any) -> Iterator[tuple[str, int, int]]:
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            layer, node, tensor = value["config"]["keras_history"]
            yield str(layer), int(node), int(tensor)
    elif isinstance(value, list):
        for one in value:
            yield from _tensors(one)


def _in_order(calls: Mapping[tuple[str, int], Call], output: tuple[str, int]) -> Iterator[Call]:
    """Yield what leads to an output, each call after those that it takes."""
    done: set[tuple[str, int]] = set()
    begun: set[tuple[str, int]] = set()
    waiting = [output]
    while waiting:
        key = waiting[-1]
        if key in done:
            waiting.pop()
            continue
        if key not in calls:
            raise Refused(f"layer {key[0]!r}", "it is not in the file", "Save the model again")
        missing = [one for one in calls[key].inputs if one not in done]
        if missing and key in begun:
            raise Refused(f"layer {key[0]!r}", "it takes its own output", "Save the model again")
        begun.add(key)
        waiting += missing
        if not missing:
            done.add(waiting.pop())
            yield calls[key]
