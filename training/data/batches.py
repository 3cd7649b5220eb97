"""Mini-batches: length-bucketed texts for classifiers, running windows for language models.

Both count the passes and the batches of a pass, so that a run resumed in the middle of one goes
on with the batch that comes next.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from training.fitting.processes import Share

WHOLE = Share()
Batch = TypeVar("Batch")
Augment = Callable[[Sequence[int], np.random.Generator], Sequence[int]]


class Passes(ABC, Generic[Batch]):
    """Batches of one pass over the data, in the order of its number; iterating is a pass.

    Attributes:
        num_begun: Passes begun so far.
        position: Batches handed out in the latest one.
    """

    def __init__(self) -> None:
        """Begin before the first pass."""
        self.num_begun, self.position = 0, 0
        self._goes_on = False

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of batches in a pass, the same in each."""

    @abstractmethod
    def batches(self, number: int, start: int) -> Iterator[Batch]:
        """Yield the batches of pass `number` from the one at place `start` on."""

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of the next pass, or the rest of the one that was resumed."""
        if not self._goes_on:
            self.num_begun, self.position = self.num_begun + 1, 0
        self._goes_on = False
        for batch in self.batches(self.num_begun - 1, self.position):
            self.position += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Return what a resumed run needs to go on with the batch that comes next."""
        return {"epoch": self.num_begun, "position": self.position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on where `state_dict` was taken; without a position, with the next pass."""
        self.num_begun, self.position = state["epoch"], state.get("position", len(self))
        self._goes_on = 0 < self.position < len(self)


class TextBatch(NamedTuple):
    """Padded texts: `token_ids` (batch, seq_len), `lengths` (batch,) and `labels`.

    Labels are class ids (batch,) or probabilities (batch, num_classes).
    """

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


class TextBatches(Passes[TextBatch]):
    """Batches of texts of similar length, in a new random order each pass.

    Texts are shuffled, then sorted by length inside pools of `pool_batches` batches, so that
    little is padding while batches still differ from pass to pass.

    Args:
        rows: Token ids of each text, at least one each.
        labels: Class id, or probabilities of the classes, of each text.
        batch_size: Texts in a batch.
        seed: None keeps the order (for evaluation: sorted by length, nothing random).
        augment: Called with a text's tokens and a generator, returns what is trained on; only
            with a seed.
        pool_batches: Batches sorted by length together.
        share: This process's part of the batches; of several, all get as many.

    Raises:
        ValueError: There are fewer batches than processes.
    """

    def __init__(
        self,
        rows: Sequence[Sequence[int]],
        labels: Sequence[int] | np.ndarray,
        *,
        batch_size: int,
        seed: int | None = None,
        augment: Augment | None = None,
        pool_batches: int = 50,
        share: Share = WHOLE,
    ) -> None:
        """Keep the texts; nothing is copied."""
        super().__init__()
        self.rows, self.labels = rows, np.asarray(labels)
        self.batch_size, self.pool_batches = batch_size, pool_batches
        self.seed, self.augment = seed, augment
        self.lengths, self.share = np.array([len(row) for row in rows], int), share
        if rows and not len(self):
            raise ValueError(
                f"{len(rows)} texts are too few for {share.count} processes; use fewer, or a "
                "smaller --batch-size"
            )

    def __len__(self) -> int:
        """Return the number of batches of this process in a pass."""
        return -(-len(self.rows) // self.batch_size) // self.share.count

    def _order(self, number: int) -> list[np.ndarray]:
        """Return the places of the texts of each batch."""
        if self.seed is None:
            return self._sorted_batches(np.arange(len(self.rows)))
        generator = np.random.default_rng((self.seed, number))
        order = generator.permutation(len(self.rows))
        pool = self.batch_size * self.pool_batches
        pools = (order[start : start + pool] for start in range(0, len(order), pool))
        batches = [batch for part in pools for batch in self._sorted_batches(part)]
        return [batches[index] for index in generator.permutation(len(batches))]

    def _sorted_batches(self, places: np.ndarray) -> list[np.ndarray]:
        by_length = places[np.argsort(self.lengths[places], kind="stable")]
        size = self.batch_size
        return [by_length[start : start + size] for start in range(0, len(places), size)]

    def batches(self, number: int, start: int) -> Iterator[TextBatch]:
        """Yield the batches of pass `number` from the one at place `start` on."""
        order = self._order(number)
        for place in range(start, len(self)):
            among_all = place * self.share.count + self.share.rank
            index = order[among_all]
            rows = [self.rows[i] for i in index]
            if self.augment is not None and self.seed is not None:
                generator = np.random.default_rng((self.seed, number, among_all))
                rows = [self.augment(row, generator) for row in rows]
            yield TextBatch(*pad(rows), torch.from_numpy(self.labels[index]))


class Window(NamedTuple):
    """A stretch of running text: `inputs` and, one token later, `targets`, (batch, bptt_len)."""

    inputs: Tensor
    targets: Tensor


class BpttWindows(Passes[Window]):
    """Running text cut for truncated back-propagation through time.

        stream  a b c d e f g h i j k l      batch_size 3
        rows    a b c d | e f g h | i j k l   each row goes on where its last window ended,
        window  a b / e f / i j               so the state can be carried (Zaremba et al. 2014)

    Args:
        token_ids: (num_tokens,) the corpus as one stream.
        batch_size: Rows read side by side, in each process.
        bptt_len: Tokens of a window.
        seed: Draw each window's length around `bptt_len` and a random start (Merity et al.
            2018); None cuts evenly from the start.
        share: This process's part of the rows.

    Raises:
        ValueError: There are too few tokens for rows of two.
    """

    def __init__(
        self,
        token_ids: np.ndarray,
        *,
        batch_size: int,
        bptt_len: int,
        seed: int | None = None,
        share: Share = WHOLE,
    ) -> None:
        """Fold the stream into rows; the tail that fills no whole row is left out."""
        super().__init__()
        num_rows = batch_size * share.count
        row_len = (len(token_ids) - 1) // num_rows
        if row_len < 2:
            raise ValueError(
                f"{len(token_ids)} tokens are too few for batch_size {num_rows}; "
                "give more text or a smaller --batch-size"
            )
        self.stream, self.num_rows, self.row_len = token_ids, num_rows, row_len
        self.bptt_len, self.seed = bptt_len, seed
        self.own = slice(share.rank * batch_size, (share.rank + 1) * batch_size)

    def __len__(self) -> int:
        """Return the number of windows in a pass, the same in each."""
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

    def batches(self, number: int, start: int) -> Iterator[Window]:
        """Yield the windows of pass `number` in order, from the one at place `start` on."""
        generator, shift = None, 0
        size = self.num_rows * self.row_len
        if self.seed is not None:
            generator = np.random.default_rng((self.seed, number))
            shift = int(generator.integers(len(self.stream) - size))
        shape = (self.num_rows, self.row_len)
        inputs = torch.from_numpy(self.stream[shift : shift + size].reshape(shape)[self.own])
        shift += 1
        targets = torch.from_numpy(self.stream[shift : shift + size].reshape(shape)[self.own])
        cuts = self._cuts(generator).tolist()
        for begin, end in pairwise(cuts[start:]):
            yield Window(inputs[:, begin:end].long(), targets[:, begin:end].long())
