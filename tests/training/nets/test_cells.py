"""torch's fused kernels compute what the plain equations say, and gradients behave as they say."""

import pytest
import torch

from training.nets.cells import NUM_GATES, CellWeights, unroll
from training.nets.recurrent import RecurrentLayer

CELLS = sorted(NUM_GATES)
BATCH, STEPS, INPUT_SIZE, HIDDEN_SIZE = 3, 7, 5, 4


def made(cell, *, dtype=torch.float64):
    torch.manual_seed(0)
    layer = RecurrentLayer(cell, INPUT_SIZE, HIDDEN_SIZE).to(dtype)
    inputs = torch.randn(BATCH, STEPS, INPUT_SIZE, dtype=dtype, requires_grad=True)
    parts = 2 if cell == "lstm" else 1
    state = tuple(
        torch.randn(BATCH, HIDDEN_SIZE, dtype=dtype, requires_grad=True) for _ in range(parts)
    )
    return layer, inputs, state


def gradients(passed, wanted):
    """Gradients of a sum in which every output and every part of the state has its own weight."""
    torch.manual_seed(1)
    outputs, after = passed
    total = sum((part * torch.randn(*part.shape)).sum() for part in (outputs, *after))
    return torch.autograd.grad(total, wanted)


@pytest.mark.parametrize("cell", CELLS)
def test_layer_computes_the_plain_equations(cell):
    layer, inputs, state = made(cell)

    outputs, after = layer(inputs, state)
    expected, expected_after = unroll(cell, inputs, state, layer.weights())

    torch.testing.assert_close(outputs, expected)
    torch.testing.assert_close(after, expected_after)


@pytest.mark.parametrize("cell", CELLS)
def test_layer_has_the_gradients_of_the_plain_equations(cell):
    layer, inputs, state = made(cell)
    wanted = [inputs, *state, *layer.parameters()]

    got = gradients(layer(inputs, state), wanted)
    expected = gradients(unroll(cell, inputs, state, layer.weights()), wanted)

    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("cell", CELLS)
def test_layer_in_single_precision_is_the_same_to_rounding(cell):
    layer, inputs, state = made(cell, dtype=torch.float32)

    outputs, _ = layer(inputs, state)
    expected, _ = unroll(cell, inputs, state, layer.weights())

    torch.testing.assert_close(outputs, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_of_the_layer_agree_with_finite_differences(cell):
    layer, inputs, state = made(cell)
    weights = [weight.detach().requires_grad_() for weight in layer.weights()]

    def run(inputs, *rest):
        for name, value in zip(CellWeights._fields, rest[len(state) :], strict=True):
            setattr(stand_in, name, value)
        outputs, after = RecurrentLayer.forward(stand_in, inputs, rest[: len(state)])
        return outputs, *after

    stand_in = RecurrentLayer(cell, INPUT_SIZE, HIDDEN_SIZE).double()
    for name in CellWeights._fields:
        delattr(stand_in, name)  # parameters give way to the plain tensors that are varied

    assert torch.autograd.gradcheck(run, (inputs[:2, :3].detach().requires_grad_(),
                                          *(part[:2].detach().requires_grad_() for part in state),
                                          *weights))  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
def test_state_defaults_to_zeros(cell):
    layer, inputs, state = made(cell)

    outputs, _ = layer(inputs)
    expected, _ = layer(inputs, tuple(torch.zeros_like(part) for part in state))

    torch.testing.assert_close(outputs, expected)


def test_gru_differs_from_the_form_that_resets_before_the_product():
    """cuDNN's GRU, which torch and the graphs follow, is not the one of the first paper."""
    layer, inputs, (hidden,) = made("gru")
    weights = layer.weights()
    step = inputs[:, 0]
    ih = (step @ weights.weight_ih.T + weights.bias_ih).chunk(3, dim=1)
    hh = (hidden @ weights.weight_hh.T + weights.bias_hh).chunk(3, dim=1)
    reset, update = torch.sigmoid(ih[0] + hh[0]), torch.sigmoid(ih[1] + hh[1])
    weight_hn, bias_hn = weights.weight_hh[2 * HIDDEN_SIZE :], weights.bias_hh[2 * HIDDEN_SIZE :]
    candidate = torch.tanh(ih[2] + (reset * hidden) @ weight_hn.T + bias_hn)

    first_paper = (1 - update) * candidate + update * hidden

    assert not torch.allclose(layer(step[:, None], (hidden,))[1][0], first_paper)


def reach(layer, *, steps):
    """How much of the last hidden state's gradient arrives at the first input, as a norm."""
    torch.manual_seed(2)
    inputs = (0.01 * torch.randn(1, steps, INPUT_SIZE, dtype=torch.float64)).requires_grad_()
    outputs, _ = layer(inputs)
    (gradient,) = torch.autograd.grad(outputs[0, -1].sum(), inputs)
    return float(gradient[0, 0].norm())


def rnn_with_recurrent_scale(scale):
    torch.manual_seed(3)
    layer = RecurrentLayer("rnn", INPUT_SIZE, HIDDEN_SIZE).double()
    with torch.no_grad():
        layer.weight_hh.copy_(scale * torch.linalg.qr(layer.weight_hh)[0])  # a scaled rotation
        layer.bias_ih.zero_()
        layer.bias_hh.zero_()
        layer.weight_ih.mul_(1e-9)  # tanh stays near zero, where its slope is one
    return layer


@pytest.mark.parametrize(("scale", "growth"), [(0.5, 0.5), (1.0, 1.0), (1.5, 1.5)])
def test_rnn_gradient_changes_by_the_scale_of_the_recurrent_weights_each_step(scale, growth):
    """Below one it vanishes, above one it explodes (Bengio et al. 1994, Pascanu et al. 2013)."""
    layer = rnn_with_recurrent_scale(scale)

    ratio = reach(layer, steps=30) / reach(layer, steps=10)

    assert ratio == pytest.approx(growth**20, rel=0.7)


def lstm_with_forget_bias(bias):
    torch.manual_seed(4)
    layer = RecurrentLayer("lstm", INPUT_SIZE, HIDDEN_SIZE).double()
    with torch.no_grad():
        for parameter in (layer.weight_hh, layer.bias_ih, layer.bias_hh):
            parameter.zero_()
        layer.bias_ih[HIDDEN_SIZE : 2 * HIDDEN_SIZE] = bias
    return layer


def test_lstm_with_open_forget_gate_keeps_a_gradient_over_a_hundred_steps():
    is_open, is_shut = lstm_with_forget_bias(8.0), lstm_with_forget_bias(-2.0)

    assert reach(is_open, steps=100) > 0.5 * reach(is_open, steps=2)
    assert reach(is_shut, steps=100) < 1e-50 * reach(is_shut, steps=2)


def test_lstm_starts_with_its_forget_gate_open():
    torch.manual_seed(0)
    layer = RecurrentLayer("lstm", INPUT_SIZE, 64)

    bias = (layer.bias_ih + layer.bias_hh).detach().unflatten(0, (4, 64)).mean(dim=1)

    assert bias[1] == pytest.approx(1.0, abs=0.1)
    assert bias[[0, 2, 3]].abs().max() < 0.1
