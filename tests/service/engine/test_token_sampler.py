from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.token_sampler import (
    LARGE,
    Sampler,
    best,
    columns_for,
    key_of,
    log_softmax,
    lowest_kept,
    pick,
    uniform,
)
from tests.service.engine.params import sampling_params

VOCAB_SIZES = pytest.mark.parametrize("vocab_size", [7, 96, LARGE + 1, 3000])


def logits_of(rows, vocab_size, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(rows, vocab_size)) * 3).astype(np.float32)


def sampler_of(all_params, vocab_size, banned=()):
    """A sampler whose row i has slot i, its own parameters and seed i."""
    sampler = Sampler(len(all_params), 100, vocab_size=vocab_size, banned=banned)
    for slot, params in enumerate(all_params):
        sampler.assign(slot, params, seed=slot, prompt=[1, 2])
    sampler.select(np.arange(len(all_params)))
    return sampler


def shares(logits, num_draws=4000, **params):
    """How often each token is drawn from one row of logits, under as many seeds."""
    sampler = Sampler(num_draws, 1, vocab_size=len(logits), banned=())
    for slot in range(num_draws):
        sampler.assign(slot, sampling_params(max_tokens=1, **params), seed=slot, prompt=[])
    sampler.select(np.arange(num_draws))
    rows = np.tile(np.array(logits, np.float32), (num_draws, 1))
    drawn = sampler.draw(rows, np.zeros(num_draws, np.intp)).token_ids
    return np.bincount(drawn, minlength=len(logits)) / num_draws


def softmax(logits):
    weights = np.exp(np.array(logits, np.float64) - np.max(logits))
    return weights / weights.sum()


MIXED: list[dict[str, Any]] = [
    {},
    {"temperature": 0.0},
    {"temperature": 0.2, "top_k": 3},
    {"top_p": 0.5},
    {"top_k": 40, "top_p": 0.9, "temperature": 1.7},
    {"min_p": 0.3},
    {"repetition_penalty": 1.5, "frequency_penalty": 0.3},
    {"logit_bias": ((5, 4.0),), "presence_penalty": -1.0},
    {"logprobs": 3},
    {"top_k": 1},
    {"top_p": 1e-9},
    {"top_p": 0.999999, "min_p": 1e-5, "logprobs": 0},
]


@VOCAB_SIZES
def test_a_row_draws_the_same_alone_and_among_others_bit_for_bit(vocab_size):
    all_params = [sampling_params(**one) for one in MIXED]
    together = sampler_of(all_params, vocab_size, banned=[0])
    alone = [sampler_of(all_params, vocab_size, banned=[0]) for _ in MIXED]
    for slot, one in enumerate(alone):
        one.select(np.array([slot]))

    for step in range(20):
        logits = logits_of(len(MIXED), vocab_size, seed=step)
        all_rows = together.draw(logits.copy(), np.full(len(MIXED), step))
        for slot, one in enumerate(alone):
            own = one.draw(logits[[slot]].copy(), np.array([step]))
            assert own.token_ids[0] == all_rows.token_ids[slot]
            assert own.logprobs.get(0) == all_rows.logprobs.get(slot)


def test_draws_follow_the_distribution():
    logits = [0.0, 1.0, 2.0, -1.0]

    np.testing.assert_allclose(shares(logits), softmax(logits), atol=0.03)


def test_temperature_scales_the_logits():
    logits = np.array([0.0, 1.0, 2.0])

    np.testing.assert_allclose(shares(logits, temperature=0.5), softmax(logits * 2), atol=0.03)


def test_draws_from_a_large_vocabulary_follow_the_distribution():
    logits = np.full(3000, -30.0)
    logits[[0, 127, 128, 2999]] = [1.0, 2.0, 3.0, 2.0]

    got = shares(logits)

    np.testing.assert_allclose(got, softmax(logits), atol=0.03)


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        ({"top_k": 2}, [2, 3]),
        ({"top_k": 99}, [0, 1, 2, 3]),
        ({"top_p": 0.5}, [3]),
        ({"top_p": 0.7}, [2, 3]),
        ({"top_k": 3, "top_p": 0.95}, [1, 2, 3]),
        ({"min_p": 0.3}, [2, 3]),
        ({"min_p": 1.0}, [3]),
        ({"temperature": 0.0}, [3]),
        ({"top_k": 1}, [3]),
    ],
    ids=str,
)
def test_only_the_probable_tokens_are_drawn(params, kept):
    logits = np.log([0.05, 0.1, 0.25, 0.6])

    assert np.flatnonzero(shares(logits, **params)).tolist() == kept


def test_what_is_kept_keeps_its_proportions():
    logits = np.log([0.05, 0.1, 0.25, 0.6])

    expected = np.array([0, 0, 0.25, 0.6]) / 0.85
    np.testing.assert_allclose(shares(logits, top_k=2), expected, atol=0.03)


def test_temperature_zero_takes_the_first_of_equals():
    sampler = sampler_of([sampling_params(temperature=0.0)], 4)

    assert sampler.draw(np.array([[1, 3, 3, 2]], np.float32), np.array([0])).token_ids.tolist() == [
        1
    ]


def test_the_coldest_temperature_takes_the_most_probable_token():
    assert np.flatnonzero(shares([0.0, 1.0, 1.5], 200, temperature=1e-30)).tolist() == [2]


def test_banned_tokens_are_neither_drawn_nor_reported():
    sampler = sampler_of([sampling_params(logprobs=5, temperature=0.0)], 4, banned=[2])

    draw = sampler.draw(np.array([[1, 2, 9, 0]], np.float32), np.array([0]))

    assert draw.token_ids.tolist() == [1]
    assert [token_id for token_id, _ in draw.logprobs[0].top] == [1, 0, 3]


def test_the_end_is_not_drawn_before_its_time_and_told_all_the_same():
    cold = {"temperature": 0.0, "logprobs": 1, "max_tokens": 3}
    changes: list[dict[str, Any]] = [{}, {"min_tokens": 2}, {"ignore_eos": True}]
    sampler = Sampler(3, 3, vocab_size=4, banned=(), eos_id=2)
    for slot, change in enumerate(changes):
        sampler.assign(slot, sampling_params(**cold, **change), seed=0, prompt=())
    sampler.select(np.arange(3))
    drawn, told = [], []
    for step in range(3):
        logits = np.array([[1, 3, 9, 0]] * 3, np.float32)
        draw = sampler.draw(logits, np.full(3, step))
        drawn.append(draw.token_ids.tolist())
        told += [one.top[0][0] for one in draw.logprobs.values()]

    assert drawn == [[2, 1, 1], [2, 1, 1], [2, 2, 1]]
    assert set(told) == {2}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_told_and_touch_no_other_row(bad):
    params = [sampling_params(), sampling_params(temperature=0.0), sampling_params()]
    logits = logits_of(3, 7)
    alone = sampler_of(params, 7).draw(logits.copy(), np.zeros(3, np.intp)).token_ids
    logits[0, 3] = bad
    logits[1, 2] = bad

    draw = sampler_of(params, 7).draw(logits, np.zeros(3, np.intp))

    assert draw.is_valid.tolist() == [False, False, True]
    assert draw.token_ids[2] == alone[2]


def test_log_probabilities_are_those_of_the_model_whatever_the_sampling():
    logits = logits_of(1, 9)
    expected = np.log(softmax(logits[0]))
    params = sampling_params(temperature=0.3, top_k=2, logit_bias=((1, 50.0),), logprobs=2)

    draw = sampler_of([params], 9).draw(logits, np.array([0]))

    assert draw.token_ids.tolist() == [1]
    assert draw.logprobs[0].chosen == pytest.approx(expected[1])
    top = np.argsort(-expected)[:2].tolist()
    assert [token_id for token_id, _ in draw.logprobs[0].top] == top


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**20))
def test_numbers_are_in_the_unit_interval_and_repeat(seed, step):
    number = uniform(key_of(seed), np.array([step]))[0]

    assert 0 <= number < 1
    assert number == uniform(key_of(seed), np.array([step, step + 1]))[0]


def test_numbers_of_neighbouring_seeds_and_steps_look_independent():
    numbers = np.array([uniform(key_of(seed), np.arange(400)) for seed in range(400)])

    assert abs(numbers.mean() - 0.5) < 0.005
    assert abs(numbers.var() - 1 / 12) < 0.002
    for shifted in (numbers[1:] - 0.5, numbers[:, 1:] - 0.5):
        same = numbers[: shifted.shape[0], : shifted.shape[1]] - 0.5
        assert abs((same * shifted).mean()) < 0.002


@given(st.integers(0, 2**32), st.integers(2, 1200), st.floats(0, 1, exclude_max=True))
def test_a_pick_always_has_weight_and_is_where_the_cumulative_weight_passes(seed, width, number):
    rng = np.random.default_rng(seed)
    weights = np.zeros((2, columns_for(width)), np.float32)
    weights[:, :width] = rng.exponential(size=(2, width)) * (rng.random((2, width)) < 0.3)
    weights[:, rng.integers(width)] = 1

    columns = pick(weights, np.array([number, 1 - 2.0**-48]))

    before = weights.astype(np.float64).cumsum(axis=1)
    for row, share in enumerate((number, 1 - 2.0**-48)):
        column = columns[row]
        assert weights[row, column] > 0
        target = share * before[row, -1]
        assert before[row, column] >= target * (1 - 1e-5)
        assert before[row, column] - weights[row, column] <= target * (1 + 1e-5) + 1e-9


@given(
    st.integers(0, 2**32),
    st.integers(2, 1500),
    st.integers(1, 2000),
    st.floats(0.01, 1),
)
def test_the_lowest_kept_weight_is_that_of_a_full_sort(seed, width, top_k, top_p):
    weights = np.random.default_rng(seed).exponential(size=(1, width)).astype(np.float32)
    top_k = min(top_k, width)

    floor = lowest_kept(weights, np.array([top_k]), np.array([top_p]))[0]

    largest = np.sort(weights[0])[::-1][:top_k]
    mass = largest.astype(np.float64).cumsum()
    expected = int((mass < top_p * mass[-1] * (1 - 1e-6)).sum()) + 1
    assert abs(int((weights >= floor).sum()) - min(expected, top_k)) <= 1


def test_a_flat_distribution_keeps_enough_for_top_p():
    weights = np.ones((1, 2000), np.float32) + np.arange(2000, dtype=np.float32) * 1e-4

    floor = lowest_kept(weights, np.array([2000]), np.array([0.9]))

    kept = weights[weights >= floor[0]].sum() / weights.sum()
    assert 0.9 <= kept < 0.901


def test_the_best_are_in_order_and_ties_go_by_id():
    log_probs = np.array([-2.0, -1.0, -2.0, -np.inf, -1.0])

    assert best(log_probs, 3) == ((1, -1.0), (4, -1.0), (0, -2.0))
    assert len(best(log_probs, 20)) == 4
    assert best(log_probs, 0) == ()


def test_log_softmax_sums_to_one_and_survives_large_logits():
    log_probs = log_softmax(np.array([[1000, 999, -1000]], np.float32))

    assert np.exp(log_probs).sum() == pytest.approx(1)
