"""Temperatures are exact, and those of endless texts do not pile up."""

import pytest

from recurrent.text_classifier import FEWEST_TOKENS, MAX_KEPT, temperature_of


@pytest.mark.parametrize("count", [8, 9, 100, 12_345])
def test_a_temperature_grows_with_a_power_of_the_length(count):
    assert temperature_of(1.3, 0.2, count) == pytest.approx(1.3 * count**0.2, rel=1e-12)


def test_short_texts_have_that_of_the_shortest_that_were_measured():
    assert temperature_of(1.3, 0.2, 1) == temperature_of(1.3, 0.2, FEWEST_TOKENS)


def test_a_text_that_is_read_on_without_end_takes_no_more_memory():
    for count in range(MAX_KEPT + 100):
        temperature_of(1.0, 0.0, count)

    assert temperature_of.cache_info().currsize <= MAX_KEPT
