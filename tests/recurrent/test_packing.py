"""What the engine reads is what was rounded, in another order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recurrent.packing import by_units, pack, quantize_rows, spread, unpack


@given(st.integers(1, 5), st.integers(1, 12), st.integers(0, 99))
def test_unpacking_gives_back_what_was_packed(blocks, quads, seed):
    whole = np.random.default_rng(seed).integers(-127, 128, (16 * blocks, 4 * quads), np.int8)

    assert np.array_equal(unpack(pack(whole)), whole)


def test_a_packed_block_has_four_inputs_of_sixteen_outputs_side_by_side():
    whole = np.arange(32 * 8, dtype=np.int64).reshape(32, 8).astype(np.int8)

    packed = pack(whole).reshape(-1)

    assert packed[:8].tolist() == [*whole[0, :4], *whole[1, :4]]
    assert packed[64:68].tolist() == whole[0, 4:].tolist()


def test_a_weight_is_rounded_by_at_most_half_of_its_rows_step():
    weights = np.random.default_rng(0).standard_normal((40, 30)).astype(np.float32)
    weights *= np.logspace(-6, 6, 40, dtype=np.float32)[:, None]

    whole, scales = quantize_rows(weights)

    step = np.abs(weights).max(axis=1) / 127
    assert (np.abs(whole * scales[:, None] - weights) <= 0.5001 * step[:, None]).all()


def test_a_row_of_zeros_stays_zeros():
    whole, scales = quantize_rows(np.zeros((2, 3), np.float32))

    assert not whole.any()
    assert scales.tolist() == [1, 1]


def test_a_row_that_decayed_to_almost_nothing_becomes_zeros():
    """What one step is worth came out as 0, and zeros divided by it as no numbers."""
    weights = np.array([[9e-45, 0.0, -3e-45], [1.0, 0.5, 0.0]], np.float32)

    whole, scales = quantize_rows(weights)

    assert whole.tolist() == [[0, 0, 0], [127, 64, 0]]
    assert scales[0] == 1


def test_gates_of_a_unit_lie_one_block_apart():
    rows = np.arange(4 * 20)  # four gates of twenty units

    ordered = by_units(rows, 4).reshape(2, 4, 16)

    assert ordered[0, :, 3].tolist() == [3, 23, 43, 63]
    assert ordered[1, :, :4].tolist() == [
        [gate * 20 + 16 + unit for unit in range(4)] for gate in range(4)
    ]
    assert not ordered[1, :, 4:].any()


def test_each_part_of_the_inputs_is_padded_by_itself():
    weights = np.arange(1, 41, dtype=np.float32)[None]

    wide = spread(weights, [20, 20])

    assert wide.shape == (1, 64)
    assert wide[0, 32:52].tolist() == list(range(21, 41))
    assert not wide[0, 20:32].any()
