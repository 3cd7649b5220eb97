"""Gradients by hand are autograd's."""

import pytest
import torch

from training.lessons.backwards import norms_by_distance, terms_of_rnn
from training.nets.cells import NUM_GATES, unroll
from training.nets.recurrent import RecurrentLayer

STEPS, INPUT_SIZE, HIDDEN_SIZE = 9, 3, 4


def layer_and_inputs(cell, *, batch=2):
    torch.manual_seed(0)
    layer = RecurrentLayer(cell, INPUT_SIZE, HIDDEN_SIZE).double()
    return layer, torch.randn(batch, STEPS, INPUT_SIZE, dtype=torch.float64)


def sum_of_squares(hidden):
    return (hidden**2).sum()


@pytest.mark.parametrize("loss_at", ["the end", "every step"])
def test_terms_of_the_steps_add_up_to_the_gradients_of_autograd(loss_at):
    layer, inputs = layer_and_inputs("rnn", batch=1)
    outputs, _ = layer(inputs)
    share = torch.ones(STEPS, 1) if loss_at == "every step" else torch.eye(STEPS)[:, -1:]
    loss = (share * outputs[0] ** 2).sum()
    expected = torch.autograd.grad(
        loss, [layer.weight_ih, layer.weight_hh, layer.bias_ih], retain_graph=True
    )

    upstream = 2 * share * outputs[0].detach()
    state = torch.zeros(HIDDEN_SIZE, dtype=torch.float64)
    terms = terms_of_rnn(inputs[0], state, layer.weights(), upstream)

    got = (terms.input_weights, terms.hidden_weights, terms.bias)
    for term, gradient in zip(got, expected, strict=True):
        assert len(term) == STEPS
        torch.testing.assert_close(term.sum(dim=0), gradient)


@pytest.mark.parametrize("cell", sorted(NUM_GATES))
def test_norm_at_a_distance_is_the_gradient_of_the_state_there(cell):
    """The state so far back is made the start of a shorter pass, whose gradient autograd knows."""
    layer, inputs = layer_and_inputs(cell)
    norms = norms_by_distance(
        cell, inputs, layer.zero_state(2), layer.weights(), loss=sum_of_squares
    )
    back = 5
    _, middle = unroll(cell, inputs[:, :-back], layer.zero_state(2), layer.weights())
    leaves = [part.detach().requires_grad_() for part in middle]
    outputs, _ = unroll(cell, inputs[:, -back:], tuple(leaves), layer.weights())
    gradients = torch.autograd.grad(sum_of_squares(outputs[:, -1]), leaves)

    assert len(norms) == STEPS + 1
    assert float(norms[back]) == pytest.approx(float(torch.cat(gradients).norm()))


def test_gradient_vanishes_or_explodes_by_the_scale_of_the_recurrent_weights():
    """A rotation keeps norms, its multiples change them by their factor each step, near tanh(0)."""
    layer, inputs = layer_and_inputs("rnn")
    rotation = torch.linalg.qr(layer.weight_hh.detach())[0]
    ratios = []
    for scale in (0.5, 2.0):
        weights = layer.weights()._replace(
            weight_hh=scale * rotation,
            weight_ih=1e-12 * layer.weight_ih,
            bias_ih=torch.zeros_like(layer.bias_ih),
            bias_hh=torch.zeros_like(layer.bias_hh),
        )
        norms = norms_by_distance("rnn", inputs, layer.zero_state(2), weights, loss=torch.sum)
        ratios.append(float(norms[6] / norms[0]))

    assert ratios == pytest.approx([0.5**6, 2.0**6], rel=1e-6)
