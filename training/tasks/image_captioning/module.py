"""What a training step is for a captioner: next tokens of each caption, its image read before."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from training.data.batches import WHOLE, Passes, pad
from training.fitting.module import TrainingModule
from training.fitting.processes import Share
from training.nets.captioner import Captioner

IGNORED = -100  # target where a caption has ended


class CaptionBatch(NamedTuple):
    """Images (batch, num_features), `inputs` and `targets` (batch, seq_len)."""

    images: Tensor
    inputs: Tensor
    targets: Tensor


class CaptionBatches(Passes[CaptionBatch]):
    """Batches in a new random order each pass.

    Args:
        images: Arrays (num_features,).
        captions: Token ids of each caption, its begin and end token included.
        batch_size: Images in a batch.
        seed: None keeps the order, for evaluation.
        share: This process's part of the batches.
    """

    def __init__(
        self,
        images: Sequence[np.ndarray],
        captions: Sequence[Sequence[int]],
        *,
        batch_size: int,
        seed: int | None = None,
        share: Share = WHOLE,
    ) -> None:
        """Keep images and captions."""
        super().__init__()
        self._images = torch.from_numpy(np.stack(list(images)))
        self._captions, self._batch_size = captions, batch_size
        self._seed, self._share = seed, share

    def __len__(self) -> int:
        """Return the number of batches in a pass."""
        whole = -(-len(self._captions) // self._batch_size)
        return max(1, whole // self._share.count) if self._share.count > 1 else whole

    def batches(self, number: int, start: int) -> Iterator[CaptionBatch]:
        """Yield the batches of pass `number` from the one at place `start` on."""
        order = np.arange(len(self._captions))
        if self._seed is not None:
            np.random.default_rng((self._seed, number)).shuffle(order)
        for place in range(start, len(self)):
            first = (place * self._share.count + self._share.rank) * self._batch_size
            yield self._batch(order[first : first + self._batch_size].tolist())

    def _batch(self, rows: list[int]) -> CaptionBatch:
        token_ids, lengths = pad([self._captions[row] for row in rows])
        targets = token_ids[:, 1:].clone()
        positions = torch.arange(targets.shape[1])
        targets[positions[None, :] >= lengths[:, None] - 1] = IGNORED
        return CaptionBatch(self._images[rows], token_ids[:, :-1], targets)


class CaptionModule(TrainingModule):
    """Next-token cross entropy; also logs `val_accuracy`, the share of right tokens."""

    net: Captioner

    def forward(self, batch: CaptionBatch) -> Tensor:
        """Return logits (batch, seq_len, vocab_size)."""
        logits: Tensor = self.net(batch.images, batch.inputs)
        return logits

    def training_step(self, batch: CaptionBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        logits = self(batch)
        loss = cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORED)
        num_tokens = float((batch.targets != IGNORED).sum())
        self.log("loss", loss, on_step=True, on_epoch=True, batch_size=len(batch.images))
        self.log("tokens", num_tokens, reduce_fx="sum", batch_size=1)
        return loss

    def validation_step(self, batch: CaptionBatch, batch_idx: int) -> None:
        """Log loss and accuracy of one batch."""
        logits = self(batch)
        is_real = batch.targets != IGNORED
        hits = (logits.argmax(dim=2) == batch.targets)[is_real].float().mean()
        loss = cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORED)
        size = len(batch.images)
        self.log("val_loss", loss, batch_size=size, prog_bar=True, sync_dist=True)
        self.log("val_accuracy", hits, batch_size=size, prog_bar=True, sync_dist=True)
