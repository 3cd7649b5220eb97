"""What a generator has to beat: an interpolated Kneser-Ney model of character n-grams.

Kneser and Ney (1995), interpolated as in Chen and Goodman (1999), with one discount for each order.
"""

import math
from collections import Counter
from collections.abc import Sequence

NAME = "Kneser-Ney, characters, order 6"
ORDER = 6
MAX_CHARS = 2_000_000  # learned from, the last of the text: seconds, and a few hundred megabytes
END = "\0"  # stands for the end of a document


class KneserNey:
    """Predicts each next character from the five before it.

    Args:
        documents: Texts to learn from.
    """

    def __init__(self, documents: Sequence[str], *, order: int = ORDER) -> None:
        """Count n-grams: as often as they come at the highest order, by what precedes below."""
        text = as_text(documents)[-MAX_CHARS:]
        self.order = order
        counts = Counter(text[at : at + order] for at in range(len(text) - order + 1))
        self._orders = [_Order(counts)]
        for _ in range(order - 1):
            counts = Counter(ngram[1:] for ngram in counts)
            self._orders.append(_Order(counts))
        self._orders.reverse()  # from characters alone to the longest
        self._uniform = 1 / (len(set(text)) + 1)  # one more for all that were never seen

    def prob(self, context: str, char: str) -> float:
        """Return the probability of a character after a context of at most `order` - 1."""
        prob = self._uniform
        for size in range(min(len(context), self.order - 1) + 1):
            prob = self._orders[size].mixed(context[len(context) - size :], char, prob)
        return prob

    def bits(self, documents: Sequence[str]) -> float:
        """Return the bits that a text takes, the ends of documents included."""
        text = as_text(documents)
        context = END * (self.order - 1)
        total = 0.0
        for char in text:
            total -= math.log2(self.prob(context, char))
            context = context[1:] + char
        return total


class _Order:
    """N-grams of one length: what is left of each after a discount, and what is passed down."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._totals: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        for ngram, count in counts.items():
            self._totals[ngram[:-1]] += count
            self._kinds[ngram[:-1]] += 1
        of_counts = Counter(counts.values())
        once, twice = of_counts[1], of_counts[2]
        self._discount = once / (once + 2 * twice) if once else 0.5

    def mixed(self, context: str, char: str, lower: float) -> float:
        """Return the probability at this order, given that of the order below."""
        total = self._totals.get(context, 0)
        if not total:
            return lower
        kept = max(0.0, self._counts.get(context + char, 0) - self._discount)
        return (kept + self._discount * self._kinds[context] * lower) / total


def as_text(documents: Sequence[str]) -> str:
    """Return documents as one text, an end after each."""
    return "".join(document + END for document in documents)
