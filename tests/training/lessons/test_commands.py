"""The two commands measure what they say, write it down, and publish what the pages ask."""

import json
from random import Random

import numpy as np
import pytest
import torch

from model_store import Store
from tests.e2e.conftest import ROOT
from training import gradients, long_range
from training.lessons import models
from training.lessons.language import LABELS
from training.lessons.learning import (
    Plan,
    Start,
    accuracy,
    build,
    draw_batch,
    layer_of,
    learn_tokenizer,
    train,
)
from training.script import run_script
from training.tasks.text_classification.served import ServedClassifier
from training.tasks.text_classification.stored_net import classifier_of

FIGURES = ROOT / "service" / "web" / "learn" / "figures"
STORE = ROOT / "model_store" / "models"


def test_gates_that_start_open_learn_a_distance_that_others_do_not():
    """The lesson itself: an LSTM as it is drawn does not find the first word over 30 tokens."""
    tokenizer, plan = learn_tokenizer(), Plan(steps=300, hidden_size=24, longest=40)
    found = {}
    for start in (Start("as drawn", "lstm"), Start("chrono", "lstm", chrono=True)):
        net = build(start, plan, tokenizer.vocab_size, seed=0)
        train(net, tokenizer, plan, lambda draw: 30, seed=0)
        found[start.name] = accuracy(net, tokenizer, 30, sentences=100)

    assert found["as drawn"] < 0.4
    assert found["chrono"] > 0.6


def test_a_longer_way_back_leaves_less_of_a_gradient_unless_gates_start_open():
    tokenizer = learn_tokenizer()
    batch = draw_batch(Random(0), tokenizer, 16, lambda: 60)
    left = {}
    for start in gradients.STARTS:
        net = build(start, Plan(longest=60), tokenizer.vocab_size, seed=0)
        norms = gradients.by_distance(net, batch)
        left[start.name] = norms[60] / norms[0]

    assert left["RNN"] < 1e-8
    assert left["GRU"] < 1e-8
    assert left["RNN, W_aa x 8"] > 1e3
    assert 1e-8 < left["LSTM"] < 1e-2
    assert min(left["LSTM, chrono"], left["GRU, chrono"]) > 0.05


def test_gradients_writes_a_row_for_each_start_and_a_picture(tmp_path, capsys):
    gradients.main(["--length", "12", "--steps", "2", "--out", str(tmp_path)])

    rows = json.loads((tmp_path / "gradients.json").read_text())["rows"]
    assert [row["name"] for row in rows] == [start.name for start in gradients.STARTS]
    for row in rows:
        assert len(row["norms"]) == 13
        assert [run["clip"] for run in row["runs"]] == [None, 1.0]
    assert (tmp_path / "gradients.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.startswith("| tokens back | 0 | 1 | 5 | 10 |")


def test_terms_of_the_steps_are_told_for_each_token(tmp_path):
    gradients.main(["--length", "4", "--steps", "1", "--out", str(tmp_path)])

    terms = json.loads((tmp_path / "gradients.json").read_text())["terms"]
    assert [term["token"] for term in terms][:3] == ["je", "suis", "français"]
    assert terms[0]["of_state"] == 0  # there is no state before the first step
    assert terms[-1]["of_state"] > 50 * terms[1]["of_state"]


def test_clipping_bounds_the_step_that_is_made(tmp_path):
    tokenizer = learn_tokenizer()
    arguments = gradients.build_parser().parse_args(["--steps", "1", "--learning-rate", "1"])
    start = Start("x", "rnn", recurrent_scale=12.0)
    moved = {}
    for clip in (None, 0.5):
        net = build(start, Plan(), tokenizer.vocab_size, seed=0)
        before = [parameter.detach().clone() for parameter in net.parameters()]
        run = gradients.descend(net, tokenizer, arguments, clip=clip)
        steps = [after.detach() - was for after, was in zip(net.parameters(), before, strict=True)]
        moved[clip] = float(torch.cat([step.flatten() for step in steps]).norm())

    assert run["norms"][0] > 0.5
    assert moved[None] == pytest.approx(run["norms"][0], rel=1e-3)
    assert moved[0.5] == pytest.approx(0.5, rel=1e-3)


def test_long_range_writes_the_accuracy_of_each_start_and_distance(tmp_path, capsys):
    long_range.main(["--distances", "6", "3", "--steps", "2", "--out", str(tmp_path)])

    rows = json.loads((tmp_path / "long_range.json").read_text())["rows"]
    assert [row["name"] for row in rows] == [start.name for start in long_range.STARTS]
    assert all([one["distance"] for one in row["found"]] == [3, 6] for row in rows)
    assert capsys.readouterr().out.startswith("| tokens between | 3 | 6 |")


@pytest.mark.parametrize("argv", [["--distances", "1"], ["--steps", "0"], ["--seed", "-1"]])
def test_what_cannot_be_measured_is_told_in_a_line(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        run_script(long_range.main, argv)

    assert ended.value.code == 2
    assert f"argument {argv[0]}: '{argv[1]}' is no whole number from" in capsys.readouterr().err


def test_publish_makes_a_model_of_each_cell_and_writes_its_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "PLAN", Plan(steps=3, hidden_size=4, embedding_dim=3))
    weights_file = tmp_path / "cells.json"

    long_range.main(["--publish", "--store", str(tmp_path / "store"), "--weights",
                     str(weights_file)])  # fmt: skip

    store = Store(tmp_path / "store")
    assert set(store.names()) == {"lost-context-rnn", "lost-context-lstm", "lost-context-gru"}
    stored = store.open("lost-context-gru")
    assert ServedClassifier.open(stored).probs(["Je suis grec, je vis en"]).shape == (1, 8)
    assert stored.manifest.command.startswith("python -m training.long_range --publish")
    assert np.shape(json.loads(weights_file.read_text())["cells"]["gru"]["weight_hh"]) == (12, 4)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_pages_calculate_with_the_weights_of_the_shipped_version(cell):
    stored = Store(STORE).open(f"lost-context-{cell}")
    content = json.loads((FIGURES / "cells.json").read_text())
    tokenizer = stored.tokenizer()

    assert content["words"] == tokenizer.pieces(range(tokenizer.vocab_size))
    assert content["labels"] == list(LABELS)
    net = classifier_of(stored)
    for name, expected in layer_of(net).weights()._asdict().items():
        got = np.array(content["cells"][cell][name], np.float32)
        np.testing.assert_array_equal(got, expected.detach().numpy(), err_msg=name)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_models_of_the_pages_are_small(cell):
    folder = STORE / f"lost-context-{cell}"

    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 300_000
