"""One step of each recurrent cell, and a whole pass, as plain equations.

These are slow and meant to be read: the tests hold `torch.rnn_tanh`, `torch.lstm`, `torch.gru`
and the exported graphs against them, values and gradients alike. Weights have torch's layout:
`weight_ih (gates * hidden_size, input_size)`, `weight_hh (gates * hidden_size, hidden_size)`, the
gates stacked in the order that each docstring names. Sigma is the logistic function.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

NUM_GATES = {"rnn": 1, "lstm": 4, "gru": 3}


class CellWeights(NamedTuple):
    """The four arrays of one layer in one direction."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor


State = tuple[Tensor, ...]
"""`(hidden,)`, for an LSTM `(hidden, cell)`; each (batch, hidden_size)."""


def rnn_step(inputs: Tensor, state: State, weights: CellWeights) -> State:
    """Elman's cell: h' = tanh(W_ih x + b_ih + W_hh h + b_hh) (Elman 1990)."""
    (hidden,) = state
    from_input = inputs @ weights.weight_ih.T + weights.bias_ih
    from_hidden = hidden @ weights.weight_hh.T + weights.bias_hh
    return (torch.tanh(from_input + from_hidden),)


def lstm_step(inputs: Tensor, state: State, weights: CellWeights) -> State:
    """Long short-term memory (Hochreiter and Schmidhuber 1997, forget gate of Gers et al. 2000).

    Gates i, f, g, o:  c' = sigma(f) * c + sigma(i) * tanh(g),  h' = sigma(o) * tanh(c').
    The cell is added to, not multiplied through, so gradients survive many steps.
    """
    hidden, cell = state
    gates = (
        inputs @ weights.weight_ih.T + weights.bias_ih + hidden @ weights.weight_hh.T
    ) + weights.bias_hh
    write, forget, candidate, output = gates.chunk(4, dim=1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(write) * torch.tanh(candidate)
    return torch.sigmoid(output) * torch.tanh(cell), cell


def gru_step(inputs: Tensor, state: State, weights: CellWeights) -> State:
    """Gated recurrent unit (Cho et al. 2014), reset applied after the product as in cuDNN.

    Gates r, z, n:  n = tanh(W_in x + b_in + sigma(r) * (W_hn h + b_hn)),
    h' = (1 - sigma(z)) * n + sigma(z) * h.
    """
    (hidden,) = state
    from_input = (inputs @ weights.weight_ih.T + weights.bias_ih).chunk(3, dim=1)
    from_hidden = (hidden @ weights.weight_hh.T + weights.bias_hh).chunk(3, dim=1)
    reset = torch.sigmoid(from_input[0] + from_hidden[0])
    update = torch.sigmoid(from_input[1] + from_hidden[1])
    candidate = torch.tanh(from_input[2] + reset * from_hidden[2])
    return ((1 - update) * candidate + update * hidden,)


STEPS: dict[str, Callable[[Tensor, State, CellWeights], State]] = {
    "rnn": rnn_step,
    "lstm": lstm_step,
    "gru": gru_step,
}


def unroll(cell: str, inputs: Tensor, state: State, weights: CellWeights) -> tuple[Tensor, State]:
    """Run one layer forwards over a whole sequence, a step at a time.

    Args:
        cell: "rnn", "lstm" or "gru".
        inputs: (batch, seq_len, input_size).
        state: State before the first step.
        weights: The layer's weights.

    Returns:
        Hidden states (batch, seq_len, hidden_size) and the state after the last step.
    """
    outputs = []
    for step_inputs in inputs.unbind(dim=1):
        state = STEPS[cell](step_inputs, state, weights)
        outputs.append(state[0])
    return torch.stack(outputs, dim=1), state
