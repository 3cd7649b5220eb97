"""Gradients on their way back through time, by the plain equations of `nets.cells`.

Two things are computed here that a fused kernel does not show: how large the gradient of a loss is
at each state before its end, and, for the cell of Elman, the term that each step adds to the
gradients of the weights.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from training.nets.cells import STEPS, CellWeights, State


def norms_by_distance(
    cell: str,
    inputs: Tensor,
    state: State,
    weights: CellWeights,
    *,
    loss: Callable[[Tensor], Tensor],
) -> Tensor:
    """Return how large the gradient of a loss is at each state on the way back from it.

    Args:
        cell: "rnn", "lstm" or "gru".
        inputs: (batch, seq_len, input_size).
        state: State before the first step.
        weights: The layer's.
        loss: Of the last hidden state (batch, hidden_size); a number.

    Returns:
        (seq_len + 1,): the norm, over the batch, of the gradient with respect to the whole state
        (an LSTM's cell included) that many steps before the last one, the last one's first.
    """
    inputs, weights = inputs.detach(), CellWeights(*(part.detach() for part in weights))
    states = [state]
    for step_inputs in inputs.unbind(dim=1):
        states.append(STEPS[cell](step_inputs, states[-1], weights))
    end = states[-1][0].requires_grad_()
    gradients = [torch.autograd.grad(loss(end), end)[0], *map(torch.zeros_like, state[1:])]
    norms = [_norm(gradients)]
    for step_inputs, before in zip(
        inputs.flip(1).unbind(dim=1), reversed(states[:-1]), strict=True
    ):
        leaves = [part.detach().requires_grad_() for part in before]
        after = STEPS[cell](step_inputs, tuple(leaves), weights)
        gradients = list(torch.autograd.grad(after, leaves, gradients))
        norms.append(_norm(gradients))
    return torch.stack(norms)


def _norm(parts: list[Tensor]) -> Tensor:
    return torch.stack([(part**2).sum() for part in parts]).sum().sqrt()


@dataclass(frozen=True, slots=True)
class Terms:
    """What each step adds to the gradients of an RNN's weights.

    Args:
        input_weights: (seq_len, hidden_size, input_size), of W_ax; their sum is its gradient.
        hidden_weights: (seq_len, hidden_size, hidden_size), of W_aa.
        bias: (seq_len, hidden_size), of b_a.
    """

    input_weights: Tensor
    hidden_weights: Tensor
    bias: Tensor


@torch.no_grad()
def terms_of_rnn(inputs: Tensor, state: Tensor, weights: CellWeights, upstream: Tensor) -> Terms:
    """Go back through time and keep what each step contributes (Werbos 1990).

    With z_t = W_aa a_(t-1) + W_ax x_t + b_a and a_t = tanh(z_t), the gradient at z_t is
    delta_t = (1 - a_t ** 2) * (dL/da_t directly + W_aa^T delta_(t+1)), and

        dL/dW_aa = sum over t of delta_t a_(t-1)^T,    dL/dW_ax = sum over t of delta_t x_t^T.

    Args:
        inputs: (seq_len, input_size), one sequence.
        state: (hidden_size,), before the first step.
        weights: The layer's.
        upstream: (seq_len, hidden_size), the gradient of the loss with respect to each a_t that
            does not come through later steps.
    """
    states = [state]
    for step_inputs in inputs:
        (after,) = STEPS["rnn"](step_inputs[None], (states[-1][None],), weights)
        states.append(after[0])
    deltas = [torch.zeros_like(state)]  # of the step after the last one
    for after, direct in zip(reversed(states[1:]), upstream.flip(0), strict=True):
        deltas.insert(0, (1 - after**2) * (direct + weights.weight_hh.T @ deltas[0]))
    delta = torch.stack(deltas[:-1])  # (seq_len, hidden_size)
    before = torch.stack(states[:-1])
    return Terms(delta[:, :, None] * inputs[:, None], delta[:, :, None] * before[:, None], delta)
