"""Mini-batches of numbers: sequences of similar length together, padded with zeros."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.data.batches import WHOLE, Passes, TextBatches
from training.fitting.processes import Share


class NumberBatch(NamedTuple):
    """Padded inputs: `values` (batch, seq_len, num_features), `lengths` and `labels` (batch,)."""

    values: Tensor
    lengths: Tensor
    labels: Tensor


def pad_numbers(rows: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Return inputs (rows, features) padded behind with zeros, float32, and their lengths."""
    lengths = torch.tensor([len(row) for row in rows])
    values = torch.zeros(len(rows), int(lengths.max()), rows[0].shape[1])
    for place, row in enumerate(rows):
        values[place, : len(row)] = torch.from_numpy(row)
    return values, lengths


class NumberBatches(Passes[NumberBatch]):
    """Batches in a new random order each pass; which inputs, `TextBatches` says by their lengths.

    Args:
        rows: Arrays (rows, features).
        labels: Class id of each.
        batch_size: Inputs in a batch.
        seed: None keeps the order, for evaluation.
        share: This process's part of the batches.
    """

    def __init__(
        self,
        rows: Sequence[np.ndarray],
        labels: Sequence[int],
        *,
        batch_size: int,
        seed: int | None = None,
        share: Share = WHOLE,
    ) -> None:
        """Keep the inputs; their places stand for them until a batch is made."""
        super().__init__()
        self._rows = rows
        self._labels = torch.as_tensor(labels)
        places = [np.full(len(row), place) for place, row in enumerate(rows)]
        self._places = TextBatches(
            places,  # type: ignore[arg-type]
            list(range(len(rows))),
            batch_size=batch_size,
            seed=seed,
            share=share,
        )

    def __len__(self) -> int:
        """Return the number of batches in a pass."""
        return len(self._places)

    def batches(self, number: int, start: int) -> Iterator[NumberBatch]:
        """Yield the batches of pass `number` from the one at place `start` on."""
        for batch in self._places.batches(number, start):
            places = batch.labels.tolist()
            values, lengths = pad_numbers([self._rows[place] for place in places])
            yield NumberBatch(values, lengths, self._labels[batch.labels])
