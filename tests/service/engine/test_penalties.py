import numpy as np
import pytest

from service.engine.penalties import Penalties
from tests.service.engine.params import sampling_params

VOCAB_SIZE = 6
LOGITS = [2.0, -2.0, 1.0, 0.5, 0.0, 3.0]


def penalties_of(prompt=(), **params):
    penalties = Penalties(2, VOCAB_SIZE)
    penalties.assign(0, sampling_params(**params), list(prompt))
    penalties.select(np.array([0]))
    return penalties


def applied(penalties):
    logits = np.array([LOGITS], np.float32)
    penalties.apply(logits)
    return logits[0]


def test_repetition_weakens_what_prompt_and_answer_have():
    penalties = penalties_of(prompt=[0], repetition_penalty=2.0)
    penalties.record(np.array([1]))

    np.testing.assert_allclose(applied(penalties), [1.0, -4.0, 1.0, 0.5, 0.0, 3.0])


def test_presence_and_frequency_count_the_answer_alone():
    penalties = penalties_of(prompt=[5], presence_penalty=1.0, frequency_penalty=0.25)
    for token in (2, 2, 3):
        penalties.record(np.array([token]))

    np.testing.assert_allclose(applied(penalties), [2.0, -2.0, -0.5, -0.75, 0.0, 3.0])


def test_a_bias_is_added():
    penalties = penalties_of(logit_bias=((1, 5.0), (5, -100.0)))

    np.testing.assert_allclose(applied(penalties), [2.0, 3.0, 1.0, 0.5, 0.0, -97.0])


def test_a_new_row_in_a_slot_starts_afresh():
    penalties = penalties_of(prompt=[0, 1], repetition_penalty=2.0, logit_bias=((4, 1.0),))
    penalties.record(np.array([2]))

    penalties.assign(0, sampling_params(frequency_penalty=1.0), [])
    penalties.select(np.array([0]))

    np.testing.assert_allclose(applied(penalties), LOGITS)


@pytest.mark.parametrize("slots", [[0], [1], [1, 0], []], ids=str)
def test_rows_without_penalties_are_not_touched(slots):
    penalties = Penalties(2, VOCAB_SIZE)
    penalties.assign(0, sampling_params(logit_bias=((0, 9.0),)), [])
    penalties.assign(1, sampling_params(), [])
    penalties.select(np.array(slots, np.intp))
    logits = np.tile(np.array(LOGITS, np.float32), (len(slots), 1))

    penalties.apply(logits)

    changed = [slot for slot, row in zip(slots, logits, strict=True) if row[0] != LOGITS[0]]
    assert changed == [slot for slot in slots if slot == 0]
