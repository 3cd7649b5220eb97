"""How far network and n-grams are trusted."""

import numpy as np

from training.tasks.text_classification.joining import EXPECTED, fit_trust


def rows(count, *, seed=0, strength=3.0):
    """Return labels, logits that tell them, and logits that tell nothing."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(3, size=count)
    telling = strength * np.eye(3)[labels] + generator.normal(size=(count, 3))
    return labels, telling, 3 * generator.normal(size=(count, 3))


def test_few_validation_rows_leave_trust_near_where_it_starts():
    labels, telling, noise = rows(4)

    temperature, slope, weight = fit_trust(telling, noise, labels, np.full(4, 8))

    assert abs(np.log(temperature) - EXPECTED[0]) < 1.0
    assert abs(weight - EXPECTED[1]) < 0.7
    assert slope == 0.0


def test_network_that_adds_nothing_is_left_out():
    labels, telling, noise = rows(2_000)

    temperature, _, weight = fit_trust(noise, telling, labels, np.full(2_000, 8))

    assert temperature > 15
    assert weight > 0.5


def test_ngrams_that_add_nothing_are_left_out():
    labels, telling, noise = rows(2_000)

    temperature, _, weight = fit_trust(telling, noise, labels, np.full(2_000, 8))

    assert temperature < 2
    assert weight < 0.05
