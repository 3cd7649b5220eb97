"""Pictures are drawn for the smallest and the largest run."""

import struct

import numpy as np
import pytest

from training.fitting.callbacks import Point
from training.reports.figures import draw_calibration, draw_curves
from training.reports.metrics import softmax


def size_of(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


@pytest.mark.parametrize("count", [1, 3, 200])
@pytest.mark.parametrize("accuracy", [None, 0.7])
def test_curves_are_drawn_whatever_the_number_of_points(count, accuracy):
    points = [Point(1.0 + place, 1 / (1 + place), 0.9, accuracy) for place in range(count)]

    width, height = size_of(draw_curves(points))

    assert 400 < width < 900
    assert 200 < height < 600


def test_first_point_of_a_resumed_run_may_lack_a_loss():
    assert size_of(draw_curves([Point(1.0, None, 0.9, None), Point(2.0, 0.7, 0.8, None)]))


def test_same_figures_draw_the_same_bytes():
    points = [Point(1.0, 0.7, 0.9, 0.5)]

    assert draw_curves(points) == draw_curves(points)


@pytest.mark.parametrize("num_classes", [2, 18])
def test_calibration_has_a_line_a_set(num_classes):
    generator = np.random.default_rng(0)
    answers = {
        f"set {place}": (
            softmax(generator.normal(size=(50, num_classes))),
            generator.integers(num_classes, size=50),
        )
        for place in range(7)
    }

    assert size_of(draw_calibration(answers))
