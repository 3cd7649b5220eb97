"""The shipped check of reviews that are of no film is read whole, and is a fair one."""

from collections import Counter
from pathlib import Path

from training.data.own_files import ReadOptions
from training.data.own_texts import read_own

FILE = Path(__file__).resolve().parents[3] / "training/data/out_of_domain.tsv"
NUM_EACH = 60


def test_half_of_120_distinct_texts_are_praise():
    found = read_own([FILE], ReadOptions())

    assert not found.bad_rows
    assert len({row.text for row in found.train}) == 2 * NUM_EACH
    labels = Counter(row.label for row in found.train)
    assert labels == {"positive": NUM_EACH, "negative": NUM_EACH}


def test_quotes_capitals_emoji_and_all_lengths_are_among_them():
    texts = [row.text for row in read_own([FILE], ReadOptions()).train]
    lengths = [len(text.split()) for text in texts]

    assert min(lengths) <= 3
    assert max(lengths) >= 50
    assert any(text.isupper() for text in texts)
    assert any(text.islower() for text in texts)
    assert all(any(sign in text for text in texts) for sign in "“”👍!?")
