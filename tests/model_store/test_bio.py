from itertools import product

import numpy as np
import pytest

from model_store.bio import allowed_pairs, best_path

LABELS = ("B-LOC", "B-PER", "I-LOC", "I-PER", "O")


def is_valid(path):
    before = "O"
    for place in path:
        label = LABELS[place]
        if label.startswith("I-") and before[2:] != label[2:]:
            return False
        before = label
    return True


@pytest.mark.parametrize("seed", range(20))
def test_the_path_is_the_best_of_all_valid_ones(seed):
    probs = np.random.default_rng(seed).dirichlet([0.3] * len(LABELS), 4)
    found = best_path(probs, allowed_pairs(LABELS))

    def score(path):
        return np.log(np.maximum(probs[np.arange(4), list(path)], 1e-30)).sum()

    valid = [path for path in product(range(len(LABELS)), repeat=4) if is_valid(path)]
    assert is_valid(found)
    assert score(found) == pytest.approx(max(map(score, valid)))


def test_a_span_cannot_begin_inside():
    probs = np.array([[0.1, 0.0, 0.9, 0.0, 0.0]])
    assert LABELS[best_path(probs, allowed_pairs(LABELS))[0]] == "B-LOC"
