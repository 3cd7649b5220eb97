"""How like a network is to those that are trained here, in the words of a configuration."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any, Literal, TypedDict, cast

from model_store.config import Cell
from model_store.importing.network import (
    RELU,
    SIGMOID,
    TANH,
    Activate,
    Embed,
    Linear,
    Network,
    Pool,
    Recurrent,
)
from model_store.importing.refused import Refused

Pooling = Literal["last", "max", "mean", "other"]


class RecurrentFields(TypedDict):
    """What a configuration says of recurrent layers."""

    cell: Cell
    hidden_size: int
    num_layers: int


def recurrent_fields(network: Network) -> RecurrentFields:
    """Return what the configuration says of the recurrent layers.

    Where there are cells of several kinds, those of a plain RNN count: their rows are not the same
    alone and in a batch.
    """
    layers = network.operations(Recurrent)
    if not layers:
        raise Refused(
            "the model",
            "it has no recurrent layer",
            "Networks with SimpleRNN, LSTM or GRU layers are served",
        )
    cells: set[Cell] = {layer.cell for layer in layers}
    cell: Cell = "rnn" if "rnn" in cells else layers[-1].cell
    size = layers[-1].forward.hidden_size
    return {"cell": cell, "hidden_size": size, "num_layers": len(layers)}


def is_bidirectional(network: Network) -> bool:
    """Tell whether a layer reads in both directions."""
    return any(layer.backward is not None for layer in network.operations(Recurrent))


def dense_widths(network: Network) -> tuple[int, ...]:
    """Return how many numbers each dense layer gives, the last one's included."""
    return tuple(len(layer.bias) for layer in network.operations(Linear))


def pooling_of(network: Network) -> Pooling:
    """Return how states become one vector; "other" for what no network trained here looks like."""
    operations = [step.operation for step in network.steps]
    is_chain = all(step.inputs == (place - 1,) for place, step in enumerate(network.steps))
    rest = operations[isinstance(operations[0], Embed) :]
    layers = list(takewhile(lambda one: isinstance(one, Recurrent), rest))
    rest = rest[len(layers) :]
    pooling: Pooling = "last"
    if rest and isinstance(rest[0], Pool):
        pooling = cast(Pool, rest.pop(0)).kind
    is_head = len(rest) % 2 == 1 and all(
        isinstance(one, Linear) if place % 2 == 0 else one == Activate(RELU)
        for place, one in enumerate(rest)
    )
    return pooling if is_chain and is_head and _are_alike(layers) else "other"


def _are_alike(layers: Sequence[Any]) -> bool:
    """Tell whether recurrent layers are those of one stack, as it is trained here."""
    return bool(layers) and all(
        layer.cell == layers[0].cell
        and layer.forward.hidden_size == layers[0].forward.hidden_size
        and (layer.backward is None) == (layers[0].backward is None)
        and layer.merge == "concat"
        and (layer.activation, layer.gate_activation) == (TANH, SIGMOID)
        and layer.reset_after
        and not layer.go_backwards
        for layer in layers
    )
