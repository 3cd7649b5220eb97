"""Mini-batches: length-bucketed texts for classifiers, running windows for language models."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor


class TextBatch(NamedTuple):
    """Padded texts: `token_ids` (batch, seq_len), `lengths` (batch,), `labels` (batch,)."""

    token_ids: Tensor
    lengths: Tensor
    labels: Tensor


def pad(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return `rows` padded on the right with 0, (batch, seq_len) int64, and their lengths."""
    lengths = torch.tensor([len(row) for row in rows])
    token_ids = torch.zeros(len(rows), int(lengths.max()), dtype=torch.long)
    for index, row in enumerate(rows):
        token_ids[index, : len(row)] = torch.as_tensor(row, dtype=torch.long)
    return token_ids, lengths


class TextBatches:
    """Batches of texts of similar length, in a new random order each epoch.

    Texts are shuffled, then sorted by length inside pools of `pool_batches` batches, so that
    little is padding while batches still differ from epoch to epoch.

    Args:
        rows: Token ids of each text, at least one each.
        labels: Class id of each text.
        batch_size: Texts in a batch.
        seed: None keeps the order (for evaluation: sorted by length, nothing random).
        augment: Called with each text's tokens and a generator, returns what is trained on.
    """

    def __init__(
        self,
        rows: Sequence[Sequence[int]],
        labels: Sequence[int],
        *,
        batch_size: int,
        seed: int | None = None,
        augment: Any = None,
        pool_batches: int = 50,
    ) -> None:
        """Keep the texts; nothing is copied."""
        self.rows, self.labels = rows, np.asarray(labels)
        self.batch_size, self.pool_batches = batch_size, pool_batches
        self.seed, self.augment = seed, augment
        self.lengths = np.array([len(row) for row in rows])
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.rows) // self.batch_size)

    def _batches(self, generator: np.random.Generator | None) -> list[np.ndarray]:
        if generator is None:
            order = np.argsort(self.lengths, kind="stable")
            return np.split(order, range(self.batch_size, len(order), self.batch_size))
        order = generator.permutation(len(self.rows))
        pool = self.batch_size * self.pool_batches
        batches: list[np.ndarray] = []
        for start in range(0, len(order), pool):
            part = order[start : start + pool]
            part = part[np.argsort(self.lengths[part], kind="stable")]
            batches += np.split(part, range(self.batch_size, len(part), self.batch_size))
        return [batches[index] for index in generator.permutation(len(batches))]

    def __iter__(self) -> Iterator[TextBatch]:
        """Yield the batches of one epoch."""
        generator = None
        if self.seed is not None:
            generator = np.random.default_rng((self.seed, self.epoch))
            self.epoch += 1
        for index in self._batches(generator):
            rows = [self.rows[i] for i in index]
            if self.augment is not None and generator is not None:
                rows = [self.augment(row, generator) for row in rows]
            yield TextBatch(*pad(rows), torch.from_numpy(self.labels[index]))

    def state_dict(self) -> dict[str, int]:
        """Return what a resumed run needs to go on with the right epoch's order."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on where `state_dict` was taken."""
        self.epoch = state["epoch"]


class Window(NamedTuple):
    """A stretch of running text: `inputs` and, one token later, `targets`, (batch, bptt_len)."""

    inputs: Tensor
    targets: Tensor


class BpttWindows:
    """Running text cut for truncated back-propagation through time.

        stream  a b c d e f g h i j k l      batch_size 3
        rows    a b c d | e f g h | i j k l   each row goes on where its last window ended,
        window  a b / e f / i j               so the state can be carried (Zaremba et al. 2014)

    Args:
        token_ids: (num_tokens,) the corpus as one stream.
        batch_size: Rows read side by side.
        bptt_len: Tokens of a window.
        seed: Draw each window's length around `bptt_len` and a random start (Merity et al.
            2018); None cuts evenly from the start.
    """

    def __init__(
        self, token_ids: np.ndarray, *, batch_size: int, bptt_len: int, seed: int | None = None
    ) -> None:
        """Fold the stream into rows; the tail that fills no whole row is left out."""
        row_len = (len(token_ids) - 1) // batch_size
        if row_len < 2:
            raise ValueError(
                f"{len(token_ids)} tokens are too few for batch_size {batch_size}; "
                "give more text or a smaller --batch-size"
            )
        self.stream, self.batch_size, self.row_len = token_ids, batch_size, row_len
        self.bptt_len, self.seed = bptt_len, seed
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of windows in an epoch, the same in each."""
        return -(-self.row_len // self.bptt_len)

    def _cuts(self, generator: np.random.Generator | None) -> np.ndarray:
        """Return where windows begin, and the rows' end; random cuts vary by a tenth."""
        cuts = np.append(np.arange(len(self)) * self.bptt_len, self.row_len)
        if generator is not None:
            jitter = np.round(generator.normal(0, self.bptt_len / 10, len(cuts) - 2))
            largest = max(0, self.bptt_len // 2 - 1)
            cuts[1:-1] += np.clip(jitter, -largest, largest).astype(cuts.dtype)
            cuts[-2] = min(cuts[-2], self.row_len - 1)
        return cuts

    def __iter__(self) -> Iterator[Window]:
        """Yield the windows of one epoch in order."""
        generator, shift = None, 0
        size = self.batch_size * self.row_len
        if self.seed is not None:
            generator = np.random.default_rng((self.seed, self.epoch))
            shift = int(generator.integers(len(self.stream) - size))
            self.epoch += 1
        shape = (self.batch_size, self.row_len)
        inputs = torch.from_numpy(self.stream[shift : shift + size].reshape(shape))
        targets = torch.from_numpy(self.stream[shift + 1 : shift + size + 1].reshape(shape))
        for start, stop in pairwise(self._cuts(generator).tolist()):
            yield Window(inputs[:, start:stop].long(), targets[:, start:stop].long())

    def state_dict(self) -> dict[str, int]:
        """Return what a resumed run needs to go on with the right epoch's cuts."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on where `state_dict` was taken."""
        self.epoch = state["epoch"]
