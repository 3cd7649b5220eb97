"""The inside of an 8-bit network is that of the engine that answers, not of the floats it had."""

import pytest

from model_store import ClassifierConfig, Store
from model_store.config import INT8_WEIGHTS
from model_store.eight_bit.text_classification import open_text_classifier
from model_store.quantize import quantize
from model_store.safetensors_file import open_tensors
from service.engine.gates.inside import Inside
from service.engine.gates.network import Network
from tests.models import publish_classifier

TOKENS = [3, 17, 5, 9, 30, 12, 8, 3, 3, 21]


def give_way():
    """Nobody else is here."""


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("is_bidirectional", [False, True], ids=["one-way", "both-ways"])
def test_the_states_told_are_those_of_the_engine(tmp_path, cell, is_bidirectional):
    publish_classifier(
        tmp_path, cell=cell, num_layers=2, hidden_size=16, bidirectional=is_bidirectional
    )
    stored, _ = quantize(Store(tmp_path), "sentiment", 1)
    config = stored.config
    assert isinstance(config, ClassifierConfig)

    inside = Inside.of(
        config, lambda: stored.read("weights.safetensors"), bidirectional=is_bidirectional
    )
    told = Network(inside.open(), inside.shape, give_way).read(TOKENS)

    engine = open_text_classifier(config, open_tensors(stored.map(INT8_WEIGHTS)))
    _, after = engine.read([TOKENS], engine.start(1))
    for layer, directions in enumerate(told):
        for direction, trace in enumerate(directions):
            expected = after.arrays["hidden"][layer, direction, 0]
            assert trace.hidden[-1].tobytes() == expected.tobytes()
