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
        return self.read(sequences, self.start(len(sequences)))[0]

    def trajectory(self, token_ids: Sequence[int]) -> Floats:
        """Return (tokens, num_classes) probabilities after each token of one text."""
        counts = range(1, len(token_ids) + 1)
        return self._read([token_ids], self.start(1), [0], answer_counts=counts)[0]

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
        counts = [before.counts[place] + len(sequences[place]) for place in order]
        probs, arrays = self._read(sequences, before, order, answer_counts=counts)
        back = np.argsort(order)
        last_ids = [
            _last(ids, one, self.num_last)
            for ids, one in zip(before.last_ids, sequences, strict=True)
        ]
        after = {name: array.take(back, axis=axis_of_rows(name)) for name, array in arrays.items()}
        return probs[back], Standing([counts[place] for place in back], last_ids, after)

    def _read(
        self,
        sequences: Sequence[Sequence[int]],
        before: Standing,
        order: Sequence[int],
        *,
        answer_counts: Sequence[int],
    ) -> tuple[Floats, dict[str, Floats]]:
        """Return probabilities and states of texts in this order."""
        arrays = {
            name: array.take(order, axis=axis_of_rows(name))
            for name, array in before.arrays.items()
        }
        laid_out = lay_out([sequences[place] for place in order])
        temperatures = [temperature_of(*self._temperature, count) for count in answer_counts]
        probs = np.zeros((len(temperatures), self._classifier.num_classes), np.float32)
        reading = Reading(
            arrays["highest"],
            arrays["total"],
            arrays["ngram_sums"],
            np.array([before.counts[place] for place in order], np.int32),
            np.array([before.last_ids[place] for place in order], np.int32),
            np.array(temperatures, np.float32),
            len(answer_counts) != len(order),
            probs,
        )
        self._engine.classify(Batch(*laid_out, arrays["hidden"], arrays["cell"]), reading)
        return probs, arrays


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
