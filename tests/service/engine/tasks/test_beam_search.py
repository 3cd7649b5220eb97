"""Beam search against all translations that there are, of a model small enough to try them."""

from itertools import product

import numpy as np
import pytest

from service.engine.tasks.translation.beam_search import Beams, search
from service.engine.token_sampler import log_softmax

VOCAB_SIZE, EOS, LONGEST = 4, 1, 3
EVERYTHING = VOCAB_SIZE**LONGEST


class History:
    """A model whose next token depends on the source and on all that was written."""

    def logits(self, codes):
        rows = [np.random.default_rng(int(code)).normal(size=VOCAB_SIZE) * 2 for code in codes]
        return np.array(rows, np.float32)

    def run(self, sequences, state):
        codes = np.array([float(source[0] + 1) for source in sequences])
        return self.logits(codes), (codes[None, :, None],)

    def step(self, token_ids, state):
        codes = state[0][0, :, 0] * VOCAB_SIZE + token_ids + 1
        return self.logits(codes), (codes[None, :, None],)


def score(source, tokens):
    """The sum of log probabilities of some tokens, one by one."""
    logits, state = History().run([[source]], ())
    total = 0.0
    for token in tokens:
        total += float(log_softmax(logits)[0, token])
        logits, state = History().step(np.array([token]), state)
    return total


def best_of_all(source, length_penalty):
    ended = [
        (*tokens, EOS)
        for length in range(LONGEST)
        for tokens in product(sorted({0, 2, 3}), repeat=length)
    ]
    return max(ended, key=lambda one: score(source, one) / len(one) ** length_penalty)


def find(sources, num_beams, length_penalty=1.0, max_tokens=LONGEST):
    asked = [Beams([source], num_beams, max_tokens) for source in sources]
    return search(History(), asked, eos_id=EOS, banned=[], length_penalty=length_penalty)  # type: ignore[arg-type]


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("source", range(12))
def test_with_beams_for_all_the_best_of_all_is_found(source, length_penalty):
    [found] = find([source], EVERYTHING, length_penalty)
    expected = best_of_all(source, length_penalty)
    assert found is not None
    assert (*found.token_ids, EOS) == expected
    assert found.score == pytest.approx(score(source, expected) / len(expected))
    assert (found.finish_reason, found.num_tokens) == ("stop", len(expected))


@pytest.mark.parametrize("num_beams", [1, 2, 3, 7])
def test_sources_together_are_translated_as_alone(num_beams):
    sources = list(range(12))
    together = find(sources, num_beams, max_tokens=6)
    assert together == [find([source], num_beams, max_tokens=6)[0] for source in sources]


def test_one_beam_takes_the_most_probable_token_each_time():
    for source in range(12):
        logits, state = History().run([[source]], ())
        tokens: list[int] = []
        while len(tokens) < 6 and (token := int(logits[0].argmax())) != EOS:
            tokens.append(token)
            logits, state = History().step(np.array([token]), state)
        [found] = find([source], 1, max_tokens=6)
        assert found is not None
        assert list(found.token_ids) == tokens


def test_a_source_on_which_the_model_fails_fails_alone():
    class Broken(History):
        def logits(self, codes):
            logits = super().logits(codes)
            logits[codes == 4] = np.nan  # the source 3
            return logits

    asked = [Beams([source], 2, 4) for source in (1, 3, 5)]
    found = search(Broken(), asked, eos_id=EOS, banned=[], length_penalty=1.0)  # type: ignore[arg-type]
    assert found[1] is None
    assert [found[0], found[2]] == find([1, 5], 2, max_tokens=4)
