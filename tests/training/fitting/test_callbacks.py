"""Progress lines say what a person wants to know; the history has a point a validation."""

import logging

import pytest

from tests.training.runs import classifier_run, language_run
from training.fitting.callbacks import PlainProgress
from training.fitting.time_left import Clock, spoken


def said(caplog):
    return [record.getMessage() for record in caplog.records if record.name.startswith("training.")]


def test_plain_progress_says_loss_perplexity_and_speed(caplog, tmp_path):
    with caplog.at_level(logging.INFO, "training.fitting.callbacks"):
        language_run(tmp_path, callbacks=[PlainProgress(interval_s=0)], max_epochs=1)

    where, _, figures = said(caplog)[0].partition(": ")
    assert where == "epoch 1 of 1, step 1 of 10, under a minute left"
    assert figures.split()[::2] == ["loss", "perplexity", "tokens/s"]
    assert all(float(value) > 0 for value in figures.split()[1::2])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "under a minute"),
        (59.9, "under a minute"),
        (60, "about 1 minute"),
        (61, "about 2 minutes"),
        (89 * 60, "about 89 minutes"),
        (90 * 60, "about 1.5 hours"),
        (26 * 3600, "about 26 hours"),
    ],
)
def test_time_is_told_as_people_tell_it(seconds, text):
    assert spoken(seconds) == text


class Trainer:
    """Steps made and to be made, as the clock reads them."""

    def __init__(self, global_step, max_epochs=4, num_training_batches=100):
        self.global_step, self.max_epochs = global_step, max_epochs
        self.num_training_batches = num_training_batches


def test_a_resumed_run_counts_its_own_steps_alone():
    """Steps made before the clock was started took none of its time."""
    now = [1000.0]
    clock = Clock(lambda: now[0])
    clock.start(Trainer(200))
    now[0] += 60
    assert clock.left(Trainer(300)) == "about 1 minute left"
    assert clock.left(Trainer(300), at_most_s=10) == "under a minute left"
    assert clock.left(Trainer(200)) == "time left unknown"


def test_progress_keeps_silent_between_its_intervals(caplog, tmp_path):
    with caplog.at_level(logging.INFO, "training.fitting.callbacks"):
        language_run(tmp_path, max_epochs=1)

    assert [message for message in said(caplog) if "step" in message] == []


def test_history_has_a_point_a_validation_and_says_it(caplog, tmp_path):
    with caplog.at_level(logging.INFO, "training.fitting.callbacks"):
        _, points = classifier_run(tmp_path, max_epochs=2, checks_per_epoch=2)

    assert [point.epoch for point in points] == [0.5, 1, 1.5, 2]
    assert all(point.loss is not None and 0 <= point.val_accuracy <= 1 for point in points)
    assert said(caplog)[0].startswith("epoch 0.5 of 2, under a minute left: loss 0.")
    assert said(caplog)[-1].startswith("epoch 2 of 2, under a minute left")
    assert "val_accuracy" in said(caplog)[0]
