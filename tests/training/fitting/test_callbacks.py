"""Progress lines say what a person wants to know; the history has a point a validation."""

import logging

from tests.training.runs import classifier_run, language_run
from training.fitting.callbacks import PlainProgress


def said(caplog):
    return [record.getMessage() for record in caplog.records if record.name.startswith("training.")]


def test_plain_progress_says_loss_perplexity_and_speed(caplog, tmp_path):
    with caplog.at_level(logging.INFO, "training.fitting.callbacks"):
        language_run(tmp_path, callbacks=[PlainProgress(interval_s=0)], max_epochs=1)

    first = said(caplog)[0].split()
    assert first[:4] == ["epoch", "0", "step", "1/10"]
    assert first[4::2] == ["loss", "perplexity", "tokens/s"]
    assert all(float(value) > 0 for value in first[5::2])


def test_progress_keeps_silent_between_its_intervals(caplog, tmp_path):
    with caplog.at_level(logging.INFO, "training.fitting.callbacks"):
        language_run(tmp_path, max_epochs=1)

    assert [message for message in said(caplog) if "step" in message] == []


def test_history_has_a_point_a_validation_and_says_it(caplog, tmp_path):
    with caplog.at_level(logging.INFO, "training.fitting.callbacks"):
        _, points = classifier_run(tmp_path, max_epochs=2, checks_per_epoch=2)

    assert [point.epoch for point in points] == [0.5, 1, 1.5, 2]
    assert all(point.loss is not None and 0 <= point.val_accuracy <= 1 for point in points)
    assert said(caplog)[0].startswith("epoch 0.50 loss 0.")
    assert "val_accuracy" in said(caplog)[0]
