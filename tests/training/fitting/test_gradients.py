"""Exploding and vanishing gradients are named in the log, healthy ones are not."""

import logging

import pytest
import torch

from tests.training.tiny import classifier_task, labelled_rows, language_task, stream
from training.data.batches import BpttWindows, TextBatches
from training.fitting.fit import FitOptions, fit
from training.fitting.gradients import reach


def warnings_of(caplog, task, run_dir, *, length=60, max_epochs=1):
    """Train on texts of one length and return what was warned of."""
    batches = TextBatches(*labelled_rows(40, length=length), batch_size=10, seed=0)
    with caplog.at_level(logging.WARNING, "training.fitting.gradients"):
        fit(task, batches, batches, options=FitOptions(run_dir, max_epochs=max_epochs))
    return named(caplog)


def named(caplog):
    return [r.getMessage() for r in caplog.records if r.name == "training.fitting.gradients"]


def with_recurrent_scale(task, scale):
    with torch.no_grad():
        task.net.stack.forward_layers[0].weight_hh.mul_(scale)
    return task


def test_gradient_of_large_recurrent_weights_is_named_exploding(caplog, tmp_path):
    task = with_recurrent_scale(classifier_task(cell="rnn", pooling="last"), 8.0)
    with torch.no_grad():
        task.net.stack.embedding.weight.mul_(1e-3)  # off the flat ends of tanh
        task.net.stack.forward_layers[0].bias_ih.zero_()
        task.net.stack.forward_layers[0].bias_hh.zero_()

    message, *_ = warnings_of(caplog, task, tmp_path)

    assert message.startswith("exploding gradient: norm ")
    assert message.endswith(" at step 0")


def test_gradient_that_is_no_number_is_named_exploding(caplog, tmp_path):
    task = classifier_task()
    with torch.no_grad():
        task.net.output.weight.fill_(float("inf"))

    (message,) = warnings_of(caplog, task, tmp_path)

    assert message == "exploding gradient: norm nan at step 0"


def test_gradient_that_does_not_reach_the_first_tokens_is_named_vanishing(caplog, tmp_path):
    task = with_recurrent_scale(classifier_task(cell="rnn", pooling="last"), 0.5)

    (message,) = warnings_of(caplog, task, tmp_path)

    assert message.startswith("vanishing gradient: ")
    assert message.endswith("reaches the first tenth of the texts at step 0")


def test_gradient_near_zero_is_named_vanishing(caplog, tmp_path):
    task = classifier_task()
    with torch.no_grad():
        task.net.output.weight.zero_()
        task.net.output.bias.copy_(torch.tensor([0.0, 50.0]))
    rows, _ = labelled_rows(40)
    batches = TextBatches(rows, [1] * 40, batch_size=10, seed=0)

    with caplog.at_level(logging.WARNING, "training.fitting.gradients"):
        fit(task, batches, batches, options=FitOptions(tmp_path, max_epochs=1))

    assert named(caplog)[0].startswith("vanishing gradient: norm ")


def test_each_name_is_given_once_an_epoch(caplog, tmp_path):
    task = with_recurrent_scale(classifier_task(cell="rnn", pooling="last", learning_rate=0), 0.5)

    messages = warnings_of(caplog, task, tmp_path, max_epochs=2)

    assert [message.rpartition(" ")[2] for message in messages] == ["0", "4"]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_healthy_training_names_nothing(cell, caplog, tmp_path):
    windows = BpttWindows(stream(801), batch_size=4, bptt_len=50, seed=0)
    with caplog.at_level(logging.WARNING, "training.fitting.gradients"):
        fit(language_task(cell=cell), windows, windows, options=FitOptions(tmp_path, max_epochs=1))

    assert warnings_of(caplog, classifier_task(cell=cell, pooling="concat"), tmp_path) == []


def test_reach_is_the_share_in_the_first_tenth():
    gradient = torch.zeros(2, 40, 3)
    gradient[:, 3] = 3.0
    gradient[:, 20] = 4.0

    assert reach(gradient) == pytest.approx(0.6)


def test_nothing_looks_at_a_net_after_training(caplog, tmp_path):
    task = classifier_task()

    warnings_of(caplog, task, tmp_path)

    assert not task.net.stack.input_dropout._forward_hooks
