"""Figures agree with scikit-learn and with what can be worked out by hand."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, log_loss

from tests.training.tiny import classifier_task, labelled_rows
from training.data.batches import pad
from training.reports.metrics import (
    MIN_SLOPE_ROWS,
    classification_metrics,
    expected_calibration_error,
    fit_temperature,
    softmax,
)
from training.tasks.text_classification.measure import predict_logits


@pytest.fixture
def answers():
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (500, 4))
    return logits, generator.integers(4, size=500)


def test_accuracy_f1_and_loss_agree_with_scikit_learn(answers):
    logits, labels = answers
    probs = softmax(logits)

    found = classification_metrics(probs, labels)

    assert found["accuracy"] == pytest.approx(accuracy_score(labels, probs.argmax(1)))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, probs.argmax(1), average="macro"))
    assert found["loss"] == pytest.approx(log_loss(labels, probs))


def test_class_that_is_never_answered_counts_as_zero_without_a_warning():
    probs = np.tile([0.9, 0.1], (4, 1))

    assert classification_metrics(probs, np.array([0, 0, 1, 1]))["macro_f1"] == pytest.approx(1 / 3)


def test_sure_and_wrong_is_a_large_but_finite_loss():
    loss = classification_metrics(np.array([[1.0, 0.0]]), np.array([1]))["loss"]

    assert 20 < loss < math.inf


def test_softmax_stands_large_logits():
    assert softmax(np.array([[1000.0, 0.0]])).tolist() == [[1.0, 0.0]]


def test_calibration_error_by_hand():
    """Half the answers 0.9 sure and all right, half 0.6 sure and half of them right."""
    probs = np.array([[0.9, 0.1]] * 4 + [[0.6, 0.4]] * 4)
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1])

    assert expected_calibration_error(probs, labels) == pytest.approx((0.1 + 0.1) / 2)


def test_calibrated_answers_have_no_calibration_error():
    generator = np.random.default_rng(0)
    sure = generator.uniform(0.5, 1, 200_000)
    labels = (generator.random(200_000) > sure).astype(int)

    error = expected_calibration_error(np.stack([sure, 1 - sure], axis=1), labels)

    assert error < 0.005


@pytest.mark.parametrize("slope", [0.0, -0.3, 0.2])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_temperature_found_is_the_one_that_logits_were_scaled_by(temperature, slope):
    logits, labels, lengths = drawn(20_000)
    scale = (temperature * lengths**slope)[:, None]

    found = fit_temperature(logits * scale, labels, lengths)

    assert found == pytest.approx((temperature, slope), rel=0.1, abs=0.02)


@pytest.mark.parametrize(
    ("count", "lengths"),
    [(MIN_SLOPE_ROWS - 1, None), (MIN_SLOPE_ROWS, 20)],
    ids=["few", "all as long"],
)
def test_slope_is_level_where_it_cannot_be_told(count, lengths):
    logits, labels, drawn_lengths = drawn(count)
    lengths = drawn_lengths if lengths is None else np.full(count, lengths)

    temperature, slope = fit_temperature(logits * 2, labels, lengths)

    assert slope == 0
    assert temperature == pytest.approx(2, rel=0.3)


def drawn(count):
    """Logits, labels drawn by their softmax, and lengths from 8 to 500."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (count, 3))
    labels = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)
    return logits, labels, generator.integers(8, 500, count).astype(float)


def test_logits_come_in_the_order_of_the_texts():
    net = classifier_task().net.eval()
    rows, _ = labelled_rows(23)
    rows = [row[: 1 + place % 8] for place, row in enumerate(rows)]

    logits = predict_logits(net, rows, batch_size=5)

    with torch.inference_mode():
        for row, got in zip(rows, logits, strict=True):
            np.testing.assert_allclose(net(*pad([row]))[0], got, atol=1e-6)


def test_nothing_to_predict_gives_no_rows():
    assert predict_logits(classifier_task().net, []).shape == (0, 2)
