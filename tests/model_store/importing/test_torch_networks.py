"""Imported state_dicts answer over HTTP as real torch does."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from safetensors.torch import save_file

from model_store import Store
from model_store.__main__ import main
from tests.model_store.importing.architectures import probabilities, texts
from tests.model_store.importing.torch_networks import TOKENS, Classifier, layout_of, networks

NUM_NETWORKS = 40
MAX_LEN = 12
pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def import_both(shared_store, tmp_path_factory):
    """Saves a state_dict as `.pt` and as `.safetensors`, imports both; returns the versions."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "vocab.txt").write_text("\n".join(TOKENS))

    def run(net):
        (folder / "layout.toml").write_text(layout_of(net))
        torch.save(net.state_dict(), folder / "model.pt")
        save_file(net.state_dict(), folder / "model.safetensors")
        for suffix in ("pt", "safetensors"):
            status = main(
                [
                    *("--store", str(shared_store), "import", str(folder / f"model.{suffix}")),
                    *("--layout", str(folder / "layout.toml"), "--name", "mine"),
                    *("--vocabulary", str(folder / "vocab.txt"), "--maxlen", str(MAX_LEN)),
                ]
            )
            assert status == 0
        store = Store(shared_store)
        newest = store.versions("mine")[-1]
        return store.open("mine", newest - 1), store.open("mine", newest)

    return run


def read(text, is_packed):
    """The token ids of a text as a script for torch makes them."""
    ids = {token: place for place, token in enumerate(TOKENS)}
    row = [ids.get(word, ids["<unk>"]) for word in text.split()][:MAX_LEN]
    return row if is_packed else row + [0] * (MAX_LEN - len(row))


@settings(
    max_examples=NUM_NETWORKS,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(drawn=networks)
def test_every_drawn_state_dict_answers_as_torch_does(import_both, served, drawn):
    net = Classifier(drawn).eval()
    sent = texts(drawn.seed)
    with torch.inference_mode():
        logits = net([read(text, drawn.is_packed) for text in sent])
    wanted = torch.sigmoid(logits) if drawn.num_outputs == 1 else torch.softmax(logits, 1)

    from_pickle, from_safetensors = import_both(net)
    answer = served(from_safetensors.version, sent)

    got = np.array([one["probs"] for one in answer["data"]])
    assert np.abs(got - probabilities(wanted.numpy())).max() < 1e-5
    for name in ("model.onnx", "weights.safetensors", "config.json"):
        assert from_pickle.read(name) == from_safetensors.read(name), name
