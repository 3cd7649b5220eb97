"""A text read in parts has the bits of the same text read at once, wherever it is cut."""

import numpy as np
import onnx
import pytest
import torch

from tests.training.export.test_graph import HEADS, classifier, feeds, named, with_ngrams
from training.data.batches import pad
from training.export.sessions import open_session
from training.export.weights import FILENAME, locate
from training.tasks.text_classification.graph import classifier_graph
from training.tasks.text_classification.resume_graph import can_resume, resume_graph
from training.tasks.text_classification.resumed import Resumed

LENGTHS = (1, 2, 3, 9, 40)


def rows_of(lengths=LENGTHS):
    draw = np.random.default_rng(0)
    return [draw.integers(12, size=length).tolist() for length in lengths]


def made(cell="lstm", head=HEADS[0], *, has_ngrams=False, dtype=torch.float32):
    """The net, and its two graphs."""
    net, weights = classifier({"num_layers": 2}, head, cell=cell, dtype=dtype)
    if has_ngrams:
        net, weights = with_ngrams(net, dtype=dtype)
    places = locate(weights)
    graphs = classifier_graph(net, places), resume_graph(net, places)
    return net, *(open_session(graph, weights) for graph in graphs)


def at_once(model, row):
    return model.run(["probs"], feeds(*pad([row])))[0]


@pytest.mark.parametrize("has_ngrams", [False, True], ids=["network", "both paths"])
@pytest.mark.parametrize("head", HEADS, ids=named)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_text_cut_at_any_place_has_the_same_bits(cell, head, has_ngrams):
    net, model, resume = made(cell, head, has_ngrams=has_ngrams)
    for row in rows_of():
        whole = at_once(model, row)
        for cut in range(1, len(row)):
            resumed = Resumed(net, resume, 1)
            resumed.read(feeds(*pad([row[:cut]])))
            assert resumed.read(feeds(*pad([row[cut:]]))).tobytes() == whole.tobytes()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=["fp32", "fp16"])
def test_token_by_token_each_prefix_has_the_bits_of_itself_read_at_once(dtype):
    net, model, resume = made(head=HEADS[2], has_ngrams=True, dtype=dtype)
    row = rows_of()[-1]
    resumed = Resumed(net, resume, 1)

    for place, token in enumerate(row):
        got = resumed.read(feeds(*pad([[token]])))
        assert got.tobytes() == at_once(model, row[: place + 1]).tobytes()


def test_rows_that_stand_at_different_places_do_not_touch_each_other():
    net, model, resume = made(head=HEADS[2], has_ngrams=True)
    parts = [rows_of((5, 1, 9)), rows_of((2, 30, 1)), rows_of((1, 2, 50))]
    resumed = Resumed(net, resume, 3)

    for part in parts:
        got = resumed.read(feeds(*pad(part)))

    for row in range(3):
        whole = [token for part in parts for token in part[row]]
        assert got[row].tobytes() == at_once(model, whole)[0].tobytes()


def test_networks_that_cannot_go_on_have_no_such_graph():
    assert can_resume(classifier({}, HEADS[0])[0].config)
    assert not can_resume(classifier({"bidirectional": True}, HEADS[0])[0].config)
    assert not can_resume(classifier({}, HEADS[0], cell="rnn")[0].config)


def test_the_graph_is_valid_and_holds_no_weights(tmp_path):
    net, weights = with_ngrams(classifier({"num_layers": 2}, HEADS[2])[0])
    data = resume_graph(net, locate(weights))
    (tmp_path / FILENAME).write_bytes(weights)
    (tmp_path / "resume.onnx").write_bytes(data)

    onnx.checker.check_model(tmp_path / "resume.onnx", full_check=True)

    assert len(data) < 20_000
