"""Sampled softmax learns the distribution that the full softmax learns."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from training.fitting.losses import SampledSoftmax

VOCAB_SIZE = 40


@pytest.fixture
def truth():
    """A skewed distribution: the most frequent token has a share of 0.23."""
    weights = 1.0 / torch.arange(1, VOCAB_SIZE + 1)
    return weights / weights.sum()


def learned(truth, *, num_sampled):
    """Fit an output layer's biases to the distribution with drawn tokens; return its probs."""
    torch.manual_seed(0)
    decoder = nn.Linear(1, VOCAB_SIZE)
    nn.init.zeros_(decoder.weight)
    nn.init.zeros_(decoder.bias)
    loss_of = SampledSoftmax(truth * 1000, num_sampled=num_sampled)
    optimizer = torch.optim.Adam([decoder.bias], lr=0.1)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, total_iters=800)
    for _ in range(800):
        targets = torch.multinomial(truth, 512, replacement=True)
        loss = loss_of(torch.zeros(512, 1), targets, decoder=decoder)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return torch.softmax(decoder.bias.detach(), dim=0)


def divergence(truth, probs):
    """How far the second is from the first, in nats (Kullback and Leibler 1951)."""
    return float((truth * (truth / probs).log()).sum())


def test_few_draws_learn_the_distribution(truth):
    assert divergence(truth, learned(truth, num_sampled=8)) < 0.01  # uniform: 0.54


def test_many_draws_learn_it_exactly(truth):
    """With as many draws as this most are frequent tokens, the answer often among them."""
    assert divergence(truth, learned(truth, num_sampled=200)) < 0.002


def test_many_draws_come_near_the_loss_and_gradient_of_the_full_softmax():
    torch.manual_seed(0)
    decoder, hidden = nn.Linear(4, VOCAB_SIZE), torch.randn(200, 4)
    targets = torch.randint(VOCAB_SIZE, (200,))
    sampled = SampledSoftmax(torch.ones(VOCAB_SIZE), num_sampled=20_000)

    estimate = sampled(hidden, targets, decoder=decoder)
    exact = cross_entropy(decoder(hidden), targets)

    torch.testing.assert_close(estimate, exact, atol=0.02, rtol=0)
    torch.testing.assert_close(
        *(torch.autograd.grad(loss, [decoder.weight])[0] for loss in (estimate, exact)),
        atol=0.003,
        rtol=0,
    )


def test_gradients_touch_drawn_and_true_tokens_only():
    torch.manual_seed(0)
    decoder = nn.Linear(4, VOCAB_SIZE)
    loss = SampledSoftmax(torch.ones(VOCAB_SIZE), num_sampled=3)(
        torch.randn(2, 4), torch.tensor([5, 6]), decoder=decoder
    )

    (gradient,) = torch.autograd.grad(loss, [decoder.weight])

    touched = gradient.abs().sum(dim=1) > 0
    assert touched[[5, 6]].all()
    assert touched.sum() <= 5
