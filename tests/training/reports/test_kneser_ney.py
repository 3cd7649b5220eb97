"""Kneser-Ney: a distribution over characters, by the definition, that learns what follows what."""

import math

import pytest

from training.reports.kneser_ney import END, KneserNey

TEXT = "the cat sat on the mat; the rat sat on the cat. " * 3


def test_probabilities_of_all_characters_and_one_unseen_add_up_to_one():
    model = KneserNey([TEXT])
    for context in ("", "t", "the ", "zzz", "the c", "on the cat"[-5:]):
        seen = sum(model.prob(context, char) for char in {*TEXT, END})
        assert seen + model.prob(context, "\u2603") == pytest.approx(1)


def test_bigrams_are_those_worked_out_by_hand():
    """Of "abab" with its end: ab 2, ba 1, b. 1; two of three kinds once, one twice, so D = 1/2.

    Single characters by what precedes them: b 1 (a), a 1 (b), end 1 (b); all once: D = 1.
    """
    model = KneserNey(["abab"], order=2)
    unigram = (0 + 1 * 3 * (1 / 4)) / 3  # nothing is left of any; all goes to the uniform
    assert model.prob("", "b") == pytest.approx(unigram)
    assert model.prob("a", "b") == pytest.approx((2 - 0.5 + 0.5 * 1 * unigram) / 2)
    assert model.prob("b", "a") == pytest.approx((1 - 0.5 + 0.5 * 2 * unigram) / 2)


def test_bits_are_those_of_the_probabilities_and_fall_with_what_was_learned():
    model = KneserNey([TEXT])
    context, bits = END * 5, 0.0
    for char in "the cat" + END:
        bits -= math.log2(model.prob(context, char))
        context = context[1:] + char
    assert model.bits(["the cat"]) == pytest.approx(bits)
    assert model.bits(["the cat sat"]) < model.bits(["tac eht tas"])


def test_where_documents_end_is_learned():
    model = KneserNey(["anna", "hanna", "johanna"] * 3)
    assert model.prob("hanna", END) > 0.9
