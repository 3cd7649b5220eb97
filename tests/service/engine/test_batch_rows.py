from types import SimpleNamespace

import numpy as np
import pytest

from service.engine.batch_rows import Row, Rows

INTERVAL_S = 0.02


@pytest.fixture
def rows():
    return Rows(capacity=4, max_tokens=100, vocab_size=3)


def join(rows, *, is_streaming=True):
    params = SimpleNamespace(max_tokens=100)
    generation = SimpleNamespace(params=params, is_streaming=is_streaming, seal=None)
    row = Row(generation, 0, None, joined=0.0)  # type: ignore[arg-type]
    rows.join(row, np.zeros(3, np.bool_))
    return row


def test_a_stream_is_due_at_once_and_again_after_the_interval(rows):
    row = join(rows)
    assert rows.due(5.0, INTERVAL_S) == [row]
    assert rows.due(5.019, INTERVAL_S) == []
    assert rows.due(5.021, INTERVAL_S) == [row]


def test_streams_that_began_within_half_an_interval_are_served_together_from_then_on(rows):
    first = join(rows)
    rows.due(5.0, INTERVAL_S)
    second = join(rows)
    assert rows.due(5.009, INTERVAL_S) == [second]
    assert rows.due(5.021, INTERVAL_S) == [first, second]
    assert rows.due(5.029, INTERVAL_S) == []
    assert rows.due(5.042, INTERVAL_S) == [first, second]


def test_a_row_that_nobody_listens_to_is_never_due(rows):
    join(rows, is_streaming=False)
    assert rows.due(1e9, INTERVAL_S) == []
