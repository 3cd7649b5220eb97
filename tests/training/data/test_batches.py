"""Nothing is left out or read twice, orders are reproducible, and a resumed pass goes on."""

from itertools import islice

import numpy as np
import pytest
import torch

from training.data.augment import TokenNoise
from training.data.batches import BpttWindows, TextBatches, pad
from training.fitting.processes import Share

LENGTHS = np.random.default_rng(0).geometric(0.02, 1000)
ROWS = [[place] * int(length) for place, length in enumerate(LENGTHS)]


def text_batches(**changes):
    options = {"batch_size": 32, "seed": 5, **changes}
    return TextBatches(ROWS, list(range(1000)), **options)


def texts_of(batches):
    """The texts by number, as they come in a pass."""
    return [batch.labels.tolist() for batch in batches]


def test_padding_stands_on_the_right():
    token_ids, lengths = pad([[3, 1, 2], [4]])

    assert token_ids.tolist() == [[3, 1, 2], [4, 0, 0]]
    assert lengths.tolist() == [3, 1]


@pytest.mark.parametrize("seed", [None, 5])
def test_each_pass_has_every_text_once_with_its_label(seed):
    batches = text_batches(seed=seed)

    passed = list(batches)

    assert sorted(sum(texts_of(passed), [])) == list(range(1000))
    assert len(passed) == len(batches) == 32  # 31 of 32 texts and one of 8
    for batch in passed:
        assert batch.token_ids[:, 0].tolist() == batch.labels.tolist()
        assert (batch.token_ids != 0).sum(1).tolist() == [
            length if label else 0
            for length, label in zip(batch.lengths.tolist(), batch.labels.tolist(), strict=True)
        ]


def test_little_is_padding():
    sizes = [(batch.token_ids.numel(), int(batch.lengths.sum())) for batch in text_batches()]
    unsorted = sum(LENGTHS[start : start + 32].max() * 32 for start in range(0, 1000, 32))

    padded, real = map(sum, zip(*sizes, strict=True))

    assert real / padded > 0.85
    assert real / unsorted < 0.4  # what shuffling alone would give


def test_order_differs_from_pass_to_pass_and_is_the_seeds():
    batches = text_batches()
    first, second = texts_of(batches), texts_of(batches)

    assert first != second
    assert {frozenset(texts) for texts in first} != {frozenset(texts) for texts in second}
    again = text_batches()
    assert [texts_of(again), texts_of(again)] == [first, second]
    assert texts_of(text_batches(seed=6)) != first


def noise():
    return TokenNoise(token_dropout=0.3, crop_share=0.5, min_crop=5)


@pytest.mark.parametrize("done", [0, 1, 20, 32, 45])
def test_resumed_pass_goes_on_with_the_next_batch_augmented_alike(done):
    whole = text_batches(augment=noise())
    expected = [batch.token_ids for _ in range(3) for batch in whole]
    stopped = text_batches(augment=noise())
    for _ in range(done // 32):
        list(stopped)
    passing = iter(stopped)  # held, so that the pass stays open
    list(islice(passing, done % 32))

    resumed = text_batches(augment=noise())
    resumed.load_state_dict(stopped.state_dict())

    rest = [batch.token_ids for batch in resumed] + [batch.token_ids for batch in resumed]
    assert all(torch.equal(*pair) for pair in zip(rest, expected[done:], strict=False))
    assert len(rest) == 32 - done % 32 + 32


def test_state_without_a_position_begins_the_next_pass():
    whole = text_batches()
    list(whole)
    second = texts_of(whole)
    resumed = text_batches()

    resumed.load_state_dict({"epoch": 1})

    assert texts_of(resumed) == second


def test_noise_leaves_at_least_one_token_and_keeps_their_order():
    generator = np.random.default_rng(0)
    noisy = TokenNoise(token_dropout=0.9, crop_share=1.0, min_crop=10)

    for length in (1, 3, 4, 19, 20, 200):
        got = list(noisy(list(range(length)), generator))

        assert got
        assert got == sorted(got)
        assert len(got) == length if length < 4 else len(got) <= length


def test_noise_drops_its_share_of_tokens_and_crops_its_share_of_long_texts():
    generator = np.random.default_rng(0)
    dropping = TokenNoise(token_dropout=0.1)
    cropping = TokenNoise(crop_share=0.3, min_crop=60)

    kept = sum(len(dropping(range(100), generator)) for _ in range(300)) / 30_000
    cut = sum(len(cropping(range(500), generator)) < 500 for _ in range(1000)) / 1000
    short = {len(cropping(range(119), generator)) for _ in range(50)}

    assert kept == pytest.approx(0.9, abs=0.01)
    assert cut == pytest.approx(0.3, abs=0.05)
    assert short == {119}


def windows(num_tokens=1003, **changes):
    options = {"batch_size": 4, "bptt_len": 13, **changes}
    return BpttWindows(np.arange(num_tokens, dtype=np.int32), **options)


@pytest.mark.parametrize("bptt_len", [1, 2, 3, 13, 249, 250, 999])
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_windows_cover_each_row_once_in_order_with_targets_one_later(seed, bptt_len):
    made = windows(seed=seed, bptt_len=bptt_len)

    for _ in range(3):
        passed = list(made)

        inputs = torch.cat([window.inputs for window in passed], dim=1)
        targets = torch.cat([window.targets for window in passed], dim=1)
        assert torch.equal(targets, inputs + 1)
        assert torch.equal(inputs.flatten(), torch.arange(1000) + inputs[0, 0])
        assert len(passed) == len(made) == -(-250 // bptt_len)


def test_even_windows_begin_at_the_start_and_have_one_length():
    passed = list(windows())

    assert passed[0].inputs[0].tolist() == list(range(13))
    assert {window.inputs.shape[1] for window in passed[:-1]} == {13}


def test_random_windows_differ_in_length_and_from_pass_to_pass():
    made = windows(num_tokens=40_000, bptt_len=50, seed=0)
    first, second = ([window.inputs.shape[1] for window in made] for _ in range(2))

    assert first != second
    assert np.mean(first) == pytest.approx(50, abs=1)
    assert 2 < np.std(first) < 15


@pytest.mark.parametrize("done", [3, 20])
def test_resumed_windows_go_on_with_the_next(done):
    expected = [window.inputs for window in windows(seed=0)]
    stopped = windows(seed=0)
    passing = iter(stopped)
    list(islice(passing, done))

    resumed = windows(seed=0)
    resumed.load_state_dict(stopped.state_dict())

    rest = [window.inputs for window in resumed]
    assert len(rest) == (len(expected) - done or len(expected))
    if done < len(expected):
        assert all(torch.equal(*pair) for pair in zip(rest, expected[done:], strict=True))


def test_too_little_text_is_refused_with_the_flag_to_change():
    with pytest.raises(ValueError, match="8 tokens are too few.*--batch-size"):
        windows(num_tokens=8)


def test_processes_share_the_batches_of_a_pass_and_get_as_many_each():
    whole = texts_of(text_batches())  # 32 batches

    shares = [texts_of(text_batches(share=Share(rank, 3))) for rank in range(3)]

    assert [len(share) for share in shares] == [10, 10, 10]
    assert [batch for trio in zip(*shares, strict=True) for batch in trio] == whole[:30]


def test_processes_share_the_rows_of_running_text():
    whole = list(windows(batch_size=8, seed=0))

    shares = [list(windows(batch_size=4, seed=0, share=Share(rank, 2))) for rank in range(2)]

    for window, first, second in zip(whole, *shares, strict=True):
        assert torch.equal(window.inputs, torch.cat([first.inputs, second.inputs]))
        assert torch.equal(window.targets, torch.cat([first.targets, second.targets]))


def test_fewer_batches_than_processes_are_refused():
    with pytest.raises(ValueError, match="3 texts are too few for 4 processes"):
        TextBatches([[1]] * 3, [0] * 3, batch_size=1, share=Share(0, 4))
