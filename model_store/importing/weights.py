"""The weights of an imported network under the names that trained ones have.

stack.embedding.weight
stack.forward_layers.0.weight_ih, .weight_hh, .bias_ih, .bias_hh   (and stack.backward_layers)
dense.0.weight, dense.0.bias, output.weight, output.bias
timewise.0.weight, scale.0.scale, normalize.0.scale, …             (trained ones have none)
"""

from collections.abc import Iterator

import numpy as np
from safetensors.numpy import save

from model_store.importing.likeness import pooling_of
from model_store.importing.network import (
    Array,
    Direction,
    Embed,
    Linear,
    Network,
    Normalize,
    Recurrent,
    Scale,
)
from model_store.importing.shapes import shapes_of

DIRECTIONS = ("forward", "backward")


def names_of(network: Network) -> list[str]:
    """Return for each step the path of its weights; empty for a step without any.

    Of a recurrent layer it has a `{}` where the direction stands.
    """
    shapes, names = shapes_of(network), []
    last = max(
        place for place, step in enumerate(network.steps) if isinstance(step.operation, Linear)
    )
    counts: dict[str, int] = {}
    for place, step in enumerate(network.steps):
        kind = _kind(step.operation, is_sequence=shapes[place].is_sequence, is_last=place == last)
        index = counts.get(kind, 0)
        counts[kind] = index + 1
        is_alone = kind in ("", "output") or (kind == "stack.embedding" and not index)
        names.append(kind if is_alone else f"{kind}.{index}")
    return names


def _kind(operation: object, *, is_sequence: bool, is_last: bool) -> str:
    if isinstance(operation, Linear):
        return "output" if is_last else "timewise" if is_sequence else "dense"
    kinds = {Embed: "stack.embedding", Recurrent: "stack.{}_layers", Scale: "scale"}
    kinds |= {Normalize: "normalize"}
    return kinds.get(type(operation), "")


def tensors_of(network: Network) -> dict[str, Array]:
    """Return all weights by name, as float32."""
    found = {}
    for name, step in zip(names_of(network), network.steps, strict=True):
        for suffix, array in _named(name, step.operation):
            found[suffix] = np.ascontiguousarray(array, np.float32)
    if pooling_of(network) == "last":  # such a network may go on in training, which has these
        ones, zeros = np.ones(1, np.float32), np.zeros(1, np.float32)
        found |= {"temperature": ones, "temperature_slope": zeros}
    return found


def _named(name: str, operation: object) -> Iterator[tuple[str, Array]]:
    if isinstance(operation, Recurrent):
        for side, weights in zip(DIRECTIONS, operation.directions, strict=False):
            path = name.format(side)
            yield from ((f"{path}.{one}", getattr(weights, one)) for one in Direction.__slots__)
    elif isinstance(operation, Embed):
        yield f"{name}.weight", operation.table
    elif isinstance(operation, Linear):
        yield from ((f"{name}.weight", operation.weight), (f"{name}.bias", operation.bias))
    elif isinstance(operation, Scale | Normalize):
        yield from ((f"{name}.scale", operation.scale), (f"{name}.shift", operation.shift))


def weights_file(network: Network) -> bytes:
    """Return the content of `weights.safetensors`."""
    return save(tensors_of(network))
