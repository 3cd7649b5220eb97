"""From samples to figures and verdicts."""

import random
import statistics

import pytest

from bench.goals import Goal, Judge, Startup, startup_goals
from bench.results import Key, Results, Sample, percentiles


def test_percentiles_are_the_nearest_ranks():
    values = list(range(1, 201))
    random.Random(0).shuffle(values)

    assert percentiles(values) == {50: 100, 90: 180, 99: 198, 100: 200}


@pytest.mark.parametrize(
    ("values", "expected"), [([], {}), ([7], dict.fromkeys((50, 90, 99, 100), 7))]
)
def test_percentiles_of_next_to_nothing(values, expected):
    assert percentiles(values) == expected


def test_a_figure_is_the_median_of_the_rounds_with_their_spread():
    key, results = Key("reference", "service", "short", 1), Results()
    rates = [30.0, 10.0, 50.0]
    for rate in rates:
        results.add(Sample(key, rate, 100.0))

    figure = results.figure(key, "per_s")

    assert figure
    assert (figure.value, figure.lowest, figure.highest) == (statistics.median(rates), 10, 50)
    assert results.figure(key, "latency_ms", 99) is None


@pytest.mark.parametrize(
    ("value", "at_most", "is_met"),
    [(1.25, True, True), (1.26, True, False), (1.25, False, True), (1.24, False, False)],
)
def test_a_goal_is_met_up_to_its_bound(value, at_most, is_met):
    goal = Goal("ratio", value, 1.25, at_most)

    assert goal.is_met == is_met
    assert goal.line().startswith("pass" if is_met else "MISS")


def test_ratios_are_of_the_same_models_and_load():
    results = Results()
    for models, system, used in [
        ("reference", "service", 150),
        ("reference", "bare", 100),
        ("shipped", "service", 110),
    ]:
        results.add(Sample(Key(models, system, "short", 64), 1.0, used))

    ratio, own = Judge(results, "reference").goals()

    assert (ratio.value, ratio.is_met) == (1.5, False)
    assert (own.value, own.is_met) == (150, True)
    assert Judge(results, "shipped").goals() == []


def test_memory_is_counted_beyond_the_models():
    memory, ready = startup_goals(Startup("service", "reference", 0.9, 170_000_000, 20_000_000))

    assert (memory.value, memory.is_met, ready.is_met) == (150, True, True)
