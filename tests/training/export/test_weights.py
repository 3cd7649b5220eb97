"""One file holds every weight once, and is loaded strictly."""

import pytest
import torch
from safetensors.torch import load

from tests.training.tiny import stack_config
from training.export.weights import load_weights, locate, round_weights, weights_to_bytes
from training.nets.language_model import LanguageModel, LanguageModelConfig


def made(*, seed=0, tie_weights=True, hidden_size=5):
    torch.manual_seed(seed)
    config = LanguageModelConfig(stack_config(hidden_size=hidden_size), tie_weights=tie_weights)
    return LanguageModel(config)


def test_weights_come_back_as_they_were():
    net, other = made(), made(seed=1)

    load_weights(other, weights_to_bytes(net))

    torch.testing.assert_close(other.state_dict(), net.state_dict(), rtol=0, atol=0)


def test_tied_weights_stand_in_the_file_once_and_stay_tied():
    net, other = made(), made(seed=1)
    data = weights_to_bytes(net)

    load_weights(other, data)

    assert "decoder.weight" not in load(data)
    assert other.decoder.weight is other.stack.embedding.weight
    torch.testing.assert_close(other.decoder.weight, net.decoder.weight)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (made(tie_weights=False), r"missing \['decoder.weight'\]"),
        (made(tie_weights=False, hidden_size=7), "missing"),
    ],
)
def test_weights_of_another_net_are_refused(other, message):
    with pytest.raises(ValueError, match=message):
        load_weights(other, weights_to_bytes(made()))


def test_weights_of_another_shape_are_refused_and_named():
    data = weights_to_bytes(made(tie_weights=False, hidden_size=7))

    with pytest.raises(ValueError, match=r"decoder.weight is \(12, 7\) in the file, \(12, 5\)"):
        load_weights(made(tie_weights=False), data)


def test_tensors_lie_where_they_are_said_to():
    net = made()
    data = weights_to_bytes(net)

    for name, place in locate(data).items():
        raw = data[place.offset : place.offset + place.length]
        tensor = torch.frombuffer(bytearray(raw), dtype=torch.float32).reshape(place.shape)
        assert torch.equal(tensor, net.state_dict()[name])
        assert place.dtype == "F32"


def test_rounded_weights_are_stored_in_half_the_bytes_without_loss():
    net = made()
    round_weights(net, torch.float16)
    data = weights_to_bytes(net, torch.float16)
    other = made(seed=1)

    load_weights(other, data)

    half, full = (locate(stored).values() for stored in (data, weights_to_bytes(net)))
    assert 2 * sum(place.length for place in half) == sum(place.length for place in full)
    torch.testing.assert_close(other.state_dict(), net.state_dict(), rtol=0, atol=0)
