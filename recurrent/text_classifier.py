"""A text classifier in 8 bits: token ids in, probabilities out, whole texts or in parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache

import numpy as np

from recurrent.batching import Batch, lay_out, longest_first
from recurrent.engine import AUTO, open_classifier
from recurrent.packing import Floats
from recurrent.reading import LOWEST, NO_TOKEN, Reading
from recurrent.weights import Classifier

FEWEST_TOKENS = 8  # shorter texts get the temperature of so many: hardly any data set tells theirs
EXACT = Context(prec=28)
MAX_KEPT = 1 << 14  # temperatures; a text that is read on and on has a new length each time
BY_LAYER = ("hidden", "cell")  # arrays (num_layers, num_directions, rows, units); others (rows, …)


@dataclass(frozen=True, eq=False, slots=True)
class Standing:
    """Where the reading of some texts stands.

    Args:
        counts: Tokens of each that were read.
        last_ids: The last of them, `NO_TOKEN` for none: as many as an n-gram reaches back.
        arrays: The states of the layers, and what was pooled and summed, by name.
    """

    counts: Sequence[int]
    last_ids: Sequence[Sequence[int]]
    arrays: Mapping[str, Floats]


class TextClassifier:
    """A classifier, ready to read; threads may share it.

    Args:
        classifier: Its weights.
        temperature: What a text's logits are divided by, over its number of tokens to the power of
            the slope; and that slope.
        path: See `engine.chosen_path`.

    Raises:
        ValueError: If this machine has no such path.
    """

    def __init__(
        self, classifier: Classifier, temperature: tuple[float, float], path: str = AUTO
    ) -> None:
        """Open the engine."""
        self._classifier = classifier
        self._engine = open_classifier(classifier, path)
        self._temperature = temperature
        ngrams = classifier.ngrams
        self.num_last = 0 if ngrams is None else ngrams.order - 1

    @property
    def has_head(self) -> bool:
        """Whether one pass tells the probabilities after each token: it does."""
        return True

    def probs(self, sequences: Sequence[Sequence[int]]) -> Floats:
        """Return (rows, num_classes) probabilities of texts, each of 1 token and up."""
        order = longest_first(sequences)
        ordered = [sequences[place] for place in order]
        probs = self._run(ordered, self.start(len(ordered)), list(map(len, ordered)))
        return probs if len(order) == 1 else probs[np.argsort(order)]

    def trajectory(self, token_ids: Sequence[int]) -> Floats:
        """Return (tokens, num_classes) probabilities after each token of one text."""
        return self._run([token_ids], self.start(1), range(1, len(token_ids) + 1))

    def start(self, rows: int) -> Standing:
        """Return where texts stand that begin."""
        network = self._classifier.network
        layers = (len(network.layers), network.num_directions, rows, network.units)
        sums = self._classifier.num_classes + 1 if self._classifier.ngrams else 0
        arrays = {
            "hidden": np.zeros(layers, np.float32),
            "cell": np.zeros(layers if network.cell == "lstm" else (*layers[:3], 0), np.float32),
            "highest": np.full((rows, network.width), LOWEST, np.float32),
            "total": np.zeros((rows, network.width), np.float32),
            "ngram_sums": np.zeros((rows, sums), np.float32),
        }
        return Standing([0] * rows, [(NO_TOKEN,) * self.num_last] * rows, arrays)

    def read(self, sequences: Sequence[Sequence[int]], before: Standing) -> tuple[Floats, Standing]:
        """Read the next part of each text, each of 1 token and up.

        Args:
            sequences: Token ids.
            before: Where the texts stand; not changed.

        Returns:
            (rows, num_classes) probabilities of all that was read, and where the texts stand then.
            They have the bits that the whole text has when it is read at once.

        Raises:
            MemoryError: If there is not enough of it.
        """
        order = longest_first(sequences)
        ordered = [sequences[place] for place in order]
        standing = _rows(before, order)
        counts = [count + len(one) for count, one in zip(standing.counts, ordered, strict=True)]
        probs = self._run(ordered, standing, counts)
        last_ids = [
            _last(ids, one, self.num_last)
            for ids, one in zip(standing.last_ids, ordered, strict=True)
        ]
        back = np.argsort(order).tolist()
        return probs[back], _rows(Standing(counts, last_ids, standing.arrays), back)

    def _run(
        self, sequences: Sequence[Sequence[int]], standing: Standing, counts: Sequence[int]
    ) -> Floats:
        """Read texts, longest first, from where they stand; their arrays are written over.

        Args:
            sequences: Token ids.
            standing: Where the texts stand.
            counts: Tokens that each answer is of; of one text, those after each token are wanted
                where there is more than one.
        """
        arrays = standing.arrays
        temperatures = [temperature_of(*self._temperature, count) for count in counts]
        probs = np.zeros((len(temperatures), self._classifier.num_classes), np.float32)
        reading = Reading(
            arrays["highest"],
            arrays["total"],
            arrays["ngram_sums"],
            np.array(standing.counts, np.int32),
            np.array(standing.last_ids, np.int32),
            np.array(temperatures, np.float32),
            len(counts) != len(sequences),
            probs,
        )
        self._engine.classify(Batch(*lay_out(sequences), arrays["hidden"], arrays["cell"]), reading)
        return probs


@lru_cache(MAX_KEPT)
def temperature_of(temperature: float, slope: float, count: int) -> float:
    """Return what the logits of a text of so many tokens are divided by.

    Powers of floats come from the C library, whose last digit differs; those of decimals do not.
    """
    power = EXACT.power(Decimal(max(count, FEWEST_TOKENS)), Decimal(slope))
    return float(EXACT.multiply(Decimal(temperature), power))


def axis_of_rows(name: str) -> int:
    """Return which axis of one of `Standing.arrays` its rows are."""
    return 2 if name in BY_LAYER else 0


def _last(before: Sequence[int], token_ids: Sequence[int], count: int) -> Sequence[int]:
    if count == 0:
        return ()
    return (*before, *token_ids)[-count:]


def _rows(standing: Standing, order: Sequence[int]) -> Standing:
    """Return where texts stand in another order."""
    return Standing(
        [standing.counts[place] for place in order],
        [standing.last_ids[place] for place in order],
        {
            name: array.take(order, axis=axis_of_rows(name))
            for name, array in standing.arrays.items()
        },
    )
