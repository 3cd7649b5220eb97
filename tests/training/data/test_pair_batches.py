"""Batches of pairs: every pair once a pass, with hardly any padding."""

import random
from itertools import chain

import numpy as np
import pytest
import torch

from training.data.pair_batches import IGNORED, EncodedPairs, PairBatches, encode_pairs
from training.data.sentence_pairs import Pair
from training.data.vocab import train_tokenizer
from training.fitting.processes import Share


def made(count=300, *, seed=0):
    """Pairs whose source holds the pair's number; begin 1, end 2."""
    source = random.Random(seed)
    sources = [[3 + n, *source.choices(range(3, 9), k=source.randrange(12))] for n in range(count)]
    targets = [
        [1, *source.choices(range(3, 9), k=max(1, len(row) + source.randint(-2, 2))), 2]
        for row in sources
    ]
    return EncodedPairs(sources, targets)


def firsts(batches):
    return [batch.token_ids[:, 0].tolist() for batch in batches]


@pytest.mark.parametrize("seed", [None, 0])
def test_a_pass_holds_every_pair_once_with_hardly_any_padding(seed):
    batches = PairBatches(made(), batch_size=12, seed=seed)

    found = list(batches)

    assert sorted(chain(*firsts(found))) == [3 + n for n in range(300)]
    assert len(found) == len(batches)
    assert {len(batch.lengths) for batch in found} == {12}
    shares = [(b.targets != IGNORED).float().mean() for b in found]
    assert np.mean(shares) > 0.95


def test_shapes_of_batches_are_the_same_in_each_pass():
    batches = PairBatches(made(), batch_size=12, seed=0)

    first, second = (
        sorted((*batch.token_ids.shape, *batch.inputs.shape) for batch in batches) for _ in range(2)
    )

    assert first == second


def test_decoder_reads_what_stands_before_each_token_that_it_is_to_write():
    pairs = EncodedPairs([[5, 6], [7, 7]], [[1, 8, 9, 2], [1, 8, 2]])

    (batch,) = PairBatches(pairs, batch_size=100)

    assert batch.inputs[:, 0].tolist() == [1, 1]
    by_length = {int((row != IGNORED).sum()): row.tolist() for row in batch.targets}
    assert by_length == {3: [8, 9, 2], 2: [8, 2, IGNORED]}
    assert batch.lengths.tolist() == [2, 2]


def test_passes_differ_and_each_can_be_had_again():
    pairs = made()
    batches = PairBatches(pairs, batch_size=12, seed=0)

    first, second = firsts(batches), firsts(batches)

    assert first != second
    assert sorted(map(len, first)) == sorted(map(len, second))
    assert firsts(PairBatches(pairs, batch_size=12, seed=0)) == first
    assert firsts(PairBatches(pairs, batch_size=12, seed=1)) != first


def test_a_resumed_pass_goes_on_with_the_batch_that_comes_next():
    batches = PairBatches(made(), batch_size=12, seed=0)
    whole = firsts(batches)
    resumed = PairBatches(made(), batch_size=12, seed=0)
    resumed.load_state_dict({"epoch": 1, "position": 3})

    assert firsts(resumed) == whole[3:]


def test_processes_share_a_pass_without_overlap():
    parts = [
        firsts(PairBatches(made(), batch_size=12, seed=0, share=Share(rank, 2)))
        for rank in range(2)
    ]

    seen = list(chain(*parts[0], *parts[1]))
    assert len(set(seen)) == len(seen)
    assert len(parts[0]) == len(parts[1])


def test_fewer_batches_than_processes_are_refused():
    with pytest.raises(ValueError, match="too few for 8 processes"):
        PairBatches(made(3), batch_size=2, share=Share(0, 8))


def test_encoding_wraps_targets_and_leaves_out_what_is_too_long():
    texts = ["un chien", "deux chats", "a dog", "two cats"]
    tokenizer = train_tokenizer("cased", texts, vocab_size=300)
    pairs = [Pair("a dog", "un chien"), Pair("a dog " * 30, "x"), Pair("two", "deux " * 30)]

    encoded = encode_pairs(pairs, tokenizer, max_source_tokens=20, max_tokens=20)

    assert encoded.sources == [tokenizer.encode_ids("a dog")]
    (target,) = encoded.targets
    assert target == [tokenizer.bos_id, *tokenizer.encode_ids("un chien"), tokenizer.eos_id]


def test_an_end_just_within_the_limit_is_kept():
    tokenizer = train_tokenizer("cased", ["ab"], vocab_size=260)
    size = len(tokenizer.encode_ids("abab"))

    def kept(max_tokens):
        pair = [Pair("abab", "abab")]
        return encode_pairs(pair, tokenizer, max_source_tokens=size, max_tokens=max_tokens).targets

    assert kept(size) == []
    assert len(kept(size + 1)) == 1
    assert torch.tensor(kept(size + 1)).shape == (1, size + 2)
