"""Each regularizer drops what its paper says, keeps the expected value, and rests in evaluation."""

import pytest
import torch

from tests.training.tiny import CELLS, stack
from training.nets.embedding_dropout import dropped_embedding
from training.nets.locked_dropout import LockedDropout
from training.nets.recurrent import RecurrentLayer


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_locked_dropout_drops_the_same_features_at_every_step():
    dropped = LockedDropout(0.5)(torch.ones(4, 9, 100))

    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))


def test_locked_dropout_draws_anew_for_each_text_and_pass():
    dropout = LockedDropout(0.5)
    first, second = dropout(torch.ones(2, 3, 100)), dropout(torch.ones(2, 3, 100))

    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, second)


def test_embedding_dropout_drops_a_token_everywhere_in_the_batch():
    token_ids = torch.arange(200).repeat(3, 2)

    vectors = dropped_embedding(token_ids, torch.ones(200, 4), 0.25)

    per_token = vectors.reshape(6, 200, 4)
    assert torch.equal(per_token, per_token[:1].expand_as(per_token))
    torch.testing.assert_close(per_token.unique(), torch.tensor([0.0, 4 / 3]))


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_share_dropped_is_the_rate_and_the_mean_stays(rate):
    locked = LockedDropout(rate)(torch.ones(100, 1, 400))
    rows = dropped_embedding(torch.arange(40_000)[None], torch.ones(40_000, 1), rate)

    for values in (locked, rows):
        assert (values == 0).float().mean() == pytest.approx(rate, abs=0.02)
        assert values.mean() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("cell", CELLS)
def test_weight_dropout_zeroes_recurrent_weights_and_no_others(cell):
    layer = RecurrentLayer(cell, 5, 20, weight_dropout=0.3)

    weights = layer.weights()

    dropped = weights.weight_hh == 0
    assert dropped.float().mean() == pytest.approx(0.3, abs=0.05)
    torch.testing.assert_close(weights.weight_hh[~dropped], layer.weight_hh[~dropped] / 0.7)
    assert torch.equal(weights.weight_ih, layer.weight_ih)


def test_weight_dropout_holds_for_all_steps_of_a_pass():
    """A second pass over the same steps draws anew; inside one pass the weights stand still."""
    layer = RecurrentLayer("rnn", 3, 4, weight_dropout=0.5)
    torch.manual_seed(1)
    outputs, _ = layer(torch.zeros(1, 6, 3), (torch.ones(1, 4),))
    torch.manual_seed(1)
    weights = layer.weights()

    hidden = torch.ones(1, 4)
    for step in outputs[0]:
        hidden = torch.tanh(hidden @ weights.weight_hh.T + weights.bias_ih + weights.bias_hh)
        torch.testing.assert_close(step[None], hidden)


def test_dropped_weights_get_no_gradient():
    layer = RecurrentLayer("lstm", 3, 4, weight_dropout=0.5)
    torch.manual_seed(1)
    loss = layer(torch.ones(1, 6, 3))[0].sum()
    (gradient,) = torch.autograd.grad(loss, [layer.weight_hh])
    torch.manual_seed(1)

    is_dropped = layer.weights().weight_hh == 0

    assert gradient[is_dropped].abs().max() == 0
    assert gradient[~is_dropped].abs().min() > 0


def test_evaluation_drops_nothing():
    rates = {
        f"{what}_dropout": 0.5 for what in ("embedding", "input", "hidden", "weight", "output")
    }
    noisy, plain = stack(num_layers=2, **rates), stack(num_layers=2)
    ids = torch.tensor([[1, 2, 3]])

    assert not torch.equal(noisy(ids)[0], plain(ids)[0])
    assert torch.equal(noisy.eval()(ids)[0], plain.eval()(ids)[0])


@pytest.mark.parametrize("what", ["embedding", "input", "hidden", "weight", "output"])
def test_each_rate_alone_changes_training(what):
    noisy, plain = stack(num_layers=2, **{f"{what}_dropout": 0.5}), stack(num_layers=2)
    ids = torch.tensor([[1, 2, 3]])

    assert not torch.equal(noisy(ids)[0], plain(ids)[0])
