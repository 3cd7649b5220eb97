"""Character n-grams of the tokens of a vocabulary, and what they tell of rows of tokens.

Words that share letters ("card", "cards") tell each other's meaning, but share no token n-gram.
Where a text's vector is not normalized by its own character n-grams, what they weigh is a sum over
its tokens, and can be put into the weights of the tokens themselves: nothing is added to what is
served.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

SHORTEST, LONGEST = 2, 5


def character_counts(pieces: Sequence[str]) -> csr_matrix:
    """Return how often each piece has each character n-gram, (num_pieces, num_ngrams).

    Args:
        pieces: What each token stands for, by id; the space before a word counts as a character.
    """
    places: dict[str, int] = {}
    counts: list[int] = []
    columns: list[int] = []
    ends = [0]
    for piece in pieces:
        found = Counter(
            piece[start : start + size]
            for size in range(SHORTEST, LONGEST + 1)
            for start in range(len(piece) - size + 1)
        )
        columns += [places.setdefault(ngram, len(places)) for ngram in found]
        counts += found.values()
        ends.append(len(columns))
    shape = (len(pieces), len(places))
    return csr_matrix((np.array(counts, np.float32), columns, ends), shape=shape)


def token_counts(rows: Sequence[Sequence[int]], vocab_size: int) -> csr_matrix:
    """Return how often each row has each token, (num_rows, vocab_size)."""
    ends = np.cumsum([0, *map(len, rows)])
    tokens = np.fromiter((token for row in rows for token in row), np.int64, ends[-1])
    counts = csr_matrix((np.ones(len(tokens), np.float32), tokens, ends), (len(rows), vocab_size))
    counts.sum_duplicates()
    return counts
