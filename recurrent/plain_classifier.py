"""A classifier in numpy: pooling, head and n-grams above `plain`'s layers, with the same bits."""

import numpy as np

from recurrent.batching import Batch
from recurrent.packing import Floats
from recurrent.plain import (
    END,
    LOG2_E,
    START,
    TINY,
    PlainNetwork,
    power_of_2,
)
from recurrent.reading import Reading
from recurrent.weights import NUM_RESERVED, Classifier, Ngrams


class PlainClassifier:
    """A classifier in numpy; see `engine.ClassifierEngine`.

    Args:
        classifier: What is run.
    """

    def __init__(self, classifier: Classifier) -> None:
        """Unpack the weights."""
        self._classifier = classifier
        self._network = PlainNetwork(classifier.network)

    def classify(self, batch: Batch, reading: Reading) -> None:
        """Read a batch; see `engine.ClassifierEngine`."""
        features = self._pool(batch, reading)
        logits = self._head(features) / reading.temperatures[:, None]
        if self._classifier.ngrams is not None:
            logits = logits + self._ngram_logits(self._classifier.ngrams, batch, reading)
        reading.probs[:] = _softmax(logits)

    def _pool(self, batch: Batch, reading: Reading) -> Floats:
        units, width = self._classifier.network.units, self._classifier.network.width
        answers = len(reading.temperatures)
        features = np.zeros((answers, 3, width), np.float32)
        for direction, step, states in self._network.run(batch):
            part = slice(direction * units, (direction + 1) * units)
            active = len(states)
            highest, total = reading.highest[:active, part], reading.total[:active, part]
            highest[:] = np.where(states > highest, states, highest)
            total += states
            counts = (reading.counts[:active] + step + 1).astype(np.float32)[:, None]
            ends = np.flatnonzero(batch.lengths[:active] - 1 == step)
            rows, places = ([0], [step]) if reading.is_each else (ends, ends)
            pooled = np.stack([states, highest, total / counts], axis=1)
            features[places, :, part] = pooled[rows].transpose(0, 1, 2)
        return features.reshape(answers, -1) if self._classifier.is_concat else features[:, 0]

    def _head(self, values: Floats) -> Floats:
        last = len(self._classifier.dense) - 1
        for layer, (weights, bias) in enumerate(self._classifier.dense):
            sums = np.broadcast_to(bias, (len(values), len(bias))).copy()
            for column, row in zip(values.T, weights, strict=True):
                sums += column[:, None] * row
            values = np.where(sums > 0, sums, np.float32(0)) if layer < last else sums
        return values[:, : self._classifier.num_classes]

    def _ngram_logits(self, ngrams: Ngrams, batch: Batch, reading: Reading) -> Floats:
        starts = np.concatenate([[0], np.cumsum(batch.active)])
        logits = np.zeros_like(reading.probs)
        for row, length in enumerate(batch.lengths):
            keys = _Keys(ngrams, reading.last_ids[row].tolist())
            sums = reading.ngram_sums[row]
            for step in range(length):
                keys.add(int(batch.token_ids[starts[step] + row]))
                _add(ngrams, keys.ending_here(), sums)
                if reading.is_each or step == length - 1:
                    ended = sums.copy()
                    _add(ngrams, keys.ending_with_text(), ended)
                    norm = np.sqrt(ended[-1] if ended[-1] > TINY else TINY)
                    logits[step if reading.is_each else row] = ended[:-1] / norm + ngrams.bias
        return logits


class _Keys:
    """The keys of the n-grams that end at a text's last token, shortest first; None for none."""

    def __init__(self, ngrams: Ngrams, last_ids: list[int]) -> None:
        self._base = ngrams.vocab_size + NUM_RESERVED
        self._keys: list[int | None] = [START, *[None] * (ngrams.order - 1)]
        for token in last_ids:
            if token >= 0:
                self.add(token)

    def add(self, token: int) -> None:
        digit = token + NUM_RESERVED
        longer = [None if key is None else key * self._base + digit for key in self._keys[:-1]]
        self._keys = [digit, *longer]

    def ending_here(self) -> list[int]:
        return [key for key in self._keys if key is not None]

    def ending_with_text(self) -> list[int]:
        return [key * self._base + END for key in self._keys[:-1] if key is not None]


def _add(ngrams: Ngrams, keys: list[int], sums: Floats) -> None:
    for key in keys:
        row = ngrams.buckets[key % len(ngrams.buckets)]
        if ngrams.keys[row] == key:
            sums += ngrams.table[row].astype(np.float32)


def _softmax(logits: Floats) -> Floats:
    exponents = (logits - logits.max(axis=1, keepdims=True)) * LOG2_E
    values = power_of_2(np.where(exponents > -126, exponents, np.float32(-126)))
    sums = np.zeros((len(values), 1), np.float32)
    for label in range(values.shape[1]):
        sums += values[:, label : label + 1]
    return values / sums
