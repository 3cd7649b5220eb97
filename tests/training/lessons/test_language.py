"""Sentences of the made-up language are what is claimed of them."""

from random import Random

import pytest

from training.lessons.language import COUNTRIES, LABELS, sentence
from training.lessons.learning import learn_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return learn_tokenizer()


@pytest.mark.parametrize("distance", [2, 3, 4, 5, 6, 7, 8, 12, 40, 120])
def test_so_many_tokens_stand_between_the_nationality_and_the_end(tokenizer, distance):
    draw = Random(1)
    for _ in range(50):
        text, country = sentence(draw, distance)
        tokens = tokenizer.pieces(tokenizer.encode_ids(text))
        assert tokens[:2] == ["je", "suis"]
        assert COUNTRIES[tokens[2]] == country
        assert tokens[-1] == "en"
        assert len(tokens) - 4 == distance


def test_no_word_is_unknown(tokenizer):
    draw = Random(2)
    texts = [sentence(draw, 60)[0] for _ in range(200)]

    assert all(tokenizer.unk_id not in tokenizer.encode_ids(text) for text in texts)


def test_the_words_between_say_nothing_of_the_country():
    """Someone else's nationality is named as often whatever the first word was."""
    draw = Random(3)
    named = dict.fromkeys(LABELS, 0)
    right = 0
    for _ in range(4000):
        text, country = sentence(draw, 40)
        others = [
            COUNTRIES[word] for word in text.replace(",", "").split()[3:] if word in COUNTRIES
        ]
        right += country in others[:1]
        for other in others:
            named[other] += 1

    assert min(named.values()) > 0.7 * max(named.values())
    assert right / 4000 < 0.16  # 0.125 by chance
