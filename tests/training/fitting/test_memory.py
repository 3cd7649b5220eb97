"""Gates start where the flags say, and that is how long a cell remembers."""

import argparse

import pytest
import torch
from safetensors.torch import load

from model_store import Store
from tests.training.toys import write_reviews
from training import train_classifier
from training.errors import UsageError
from training.fitting.memory import check_memory, set_chrono, set_keeping, start_memory
from training.nets.recurrent import RecurrentLayer
from training.nets.vector_classifier import VectorClassifier, VectorNetConfig

HIDDEN_SIZE = 400


def gates_alone(cell):
    """A layer that is its gates' biases and nothing else."""
    torch.manual_seed(0)
    layer = RecurrentLayer(cell, 3, HIDDEN_SIZE)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
    return layer


def kept(layer, steps):
    """What is left of a memory of ones after some steps, (hidden_size,)."""
    ones = tuple(torch.ones_like(part) for part in layer.zero_state(1))
    _, after = layer(torch.zeros(1, steps, 3), ones)
    return after[-1][0].detach()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_forget_bias_is_the_share_that_each_step_keeps(cell):
    layer = gates_alone(cell)

    set_keeping(layer, torch.tensor(3.0))

    share = torch.sigmoid(torch.tensor(3.0))
    torch.testing.assert_close(kept(layer, 5), (share**5).expand(HIDDEN_SIZE))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_chrono_draws_memories_from_one_step_to_the_longest(cell):
    """A unit that keeps u / (1 + u) of itself at each step has a characteristic time of 1 + u."""
    layer = gates_alone(cell)

    set_chrono(layer, 100)

    times = 1 / (1 - kept(layer, 1))
    assert 2 <= times.min() < 10
    assert 90 < times.max() <= 100
    assert times.mean() == pytest.approx(51, abs=5)  # uniform, not crowded at one end


def test_chrono_shuts_the_input_gate_of_an_lstm_as_far_as_it_opens_the_other():
    layer = gates_alone("lstm")

    set_chrono(layer, 50)

    write, forget, *_ = (layer.bias_ih + layer.bias_hh).chunk(4)
    torch.testing.assert_close(write, -forget)


def flags(**given):
    return argparse.Namespace(**{"forget_bias": None, "chrono_init": None, **given})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"forget_bias": 1.0, "cell": "rnn"}, "--forget-bias .* an RNN has none: take --cell lstm"),
        ({"chrono_init": 9, "cell": "gru", "init_from": "a:2"}, "leave it out, or --init-from a:2"),
    ],
)
def test_gates_that_are_not_there_to_be_set_are_refused_before_anything_is_read(given, words):
    with pytest.raises(UsageError, match=words):
        check_memory(flags(**given))


def test_a_network_without_gates_is_refused():
    net = VectorClassifier(VectorNetConfig(num_features=4, num_classes=2))

    with pytest.raises(UsageError, match="--chrono-init sets gates of recurrent layers"):
        start_memory(net, flags(chrono_init=10))


def test_without_the_flags_nothing_is_touched():
    layer = RecurrentLayer("lstm", 3, 4)
    before = layer.bias_ih.detach().clone()

    start_memory(layer, flags())

    torch.testing.assert_close(layer.bias_ih.detach(), before, rtol=0, atol=0)


def test_forget_bias_is_where_a_training_starts(tmp_path):
    data, store = write_reviews(tmp_path / "reviews.csv"), tmp_path / "store"
    train_classifier.main(
        ["--data", str(data), "--name", "toy", "--store", str(store), "--run-dir",
         str(tmp_path / "run"), "--forget-bias", "4", "--no-ngrams", "--no-baseline",
         "--hidden-size", "12", "--vocab-size", "320", "--max-epochs", "1",
         "--learning-rate", "1e-6"]
    )  # fmt: skip

    weights = load(Store(store).open("toy").read("weights.safetensors"))
    biases = [one for name, one in weights.items() if "forward_layers.0.bias_" in name]
    _, forget, *_ = torch.stack(biases).sum(dim=0).chunk(4)
    torch.testing.assert_close(forget, torch.full((12,), 4.0), rtol=0, atol=1e-3)
