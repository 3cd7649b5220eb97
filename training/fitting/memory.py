"""How long recurrent cells remember before they have learned anything: biases of their gates.

A gate that keeps a share s of the memory at each step keeps s ** n of it after n steps, so what a
network can learn over a distance depends on where its gates start. The gate is the forget gate of
an LSTM and the update gate of a GRU, which keeps the old state where it is open.
"""

import argparse

import torch
from torch import Tensor, nn

from training.errors import UsageError
from training.nets.recurrent import RecurrentLayer

KEEPING = {"lstm": 1, "gru": 1}  # place of the gate that keeps, among i, f, g, o and r, z, n
WRITING = {"lstm": 0}  # of the gate that lets the new in, where it is one of its own


def check_memory(arguments: argparse.Namespace) -> None:
    """See that gates whose start was asked for will be there to be set.

    Raises:
        UsageError: The cell has none, or a stored network is gone on from.
    """
    flag = _given(arguments)
    if flag is None:
        return
    if getattr(arguments, "cell", None) == "rnn":
        raise UsageError(
            f"{flag} sets the gate that keeps the memory, and an RNN has none: take --cell lstm or "
            "gru"
        )
    if getattr(arguments, "init_from", None) not in (None, "none"):
        raise UsageError(
            f"{flag} is for gates that have learned nothing: leave it out, or --init-from "
            f"{arguments.init_from}"
        )


def start_memory(net: nn.Module, arguments: argparse.Namespace) -> None:
    """Set the gates of a net that is to be trained as `--forget-bias` or `--chrono-init` say.

    Raises:
        UsageError: The net has no recurrent layers.
    """
    flag = _given(arguments)
    if flag is None:
        return
    layers = gated_layers(net)
    if not layers:
        raise UsageError(f"{flag} sets gates of recurrent layers, and this network has none")
    for layer in layers:
        if arguments.chrono_init is not None:
            set_chrono(layer, arguments.chrono_init)
        else:
            set_keeping(layer, torch.tensor(arguments.forget_bias))


def _given(arguments: argparse.Namespace) -> str | None:
    if arguments.forget_bias is not None:
        return "--forget-bias"
    return None if arguments.chrono_init is None else "--chrono-init"


def gated_layers(net: nn.Module) -> list[RecurrentLayer]:
    """Return the recurrent layers with a gate that keeps the memory."""
    layers = (part for part in net.modules() if isinstance(part, RecurrentLayer))
    return [layer for layer in layers if layer.cell in KEEPING]


def set_keeping(layer: RecurrentLayer, bias: Tensor) -> None:
    """Start the gate that keeps the memory with `bias` (hidden_size,) or (), and no noise on it."""
    _set_gate(layer, KEEPING[layer.cell], bias)


def set_chrono(layer: RecurrentLayer, longest: int) -> None:
    """Start the gates for memories of 1 to `longest` steps (Tallec and Ollivier 2018).

    The keeping gate's bias is log(u), u drawn uniformly from [1, longest - 1] for each unit, so
    that the unit forgets over about u steps; an LSTM's input gate, which a GRU has no equal of,
    gets the opposite.

    Args:
        layer: An LSTM or a GRU.
        longest: Steps, 2 and up.
    """
    bias = torch.empty(layer.hidden_size).uniform_(1, longest - 1).log()
    set_keeping(layer, bias)
    if layer.cell in WRITING:
        _set_gate(layer, WRITING[layer.cell], -bias)


@torch.no_grad()
def _set_gate(layer: RecurrentLayer, place: int, bias: Tensor) -> None:
    rows = slice(place * layer.hidden_size, (place + 1) * layer.hidden_size)
    layer.bias_ih[rows] = bias
    layer.bias_hh[rows] = 0.0
