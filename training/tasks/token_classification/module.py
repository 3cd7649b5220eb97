"""What a training step is for a tagger: cross entropy over the labels of each word."""

from typing import Any

from torch import Tensor
from torch.nn.functional import cross_entropy

from training.fitting.module import TrainingModule
from training.nets.tagger import Tagger
from training.tasks.token_classification.batches import IGNORED, TaggedBatch


class TaggerModule(TrainingModule):
    """Cross entropy over labels; also logs `val_accuracy`, the share of right words."""

    net: Tagger

    def forward(self, batch: TaggedBatch) -> Tensor:
        """Return logits (batch, num_words, num_labels)."""
        logits: Tensor = self.net(*batch[:4])
        return logits

    def training_step(self, batch: TaggedBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        logits, num_words = self(batch), int(batch.lengths.sum())
        loss = cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED)
        self.log("loss", loss, on_step=True, on_epoch=True, batch_size=num_words)
        self.log("tokens", float(num_words), reduce_fx="sum", batch_size=1)
        return loss

    def validation_step(self, batch: TaggedBatch, batch_idx: int) -> None:
        """Log loss and accuracy of one batch."""
        logits = self(batch)
        hits = (logits.argmax(dim=2) == batch.labels)[batch.labels != IGNORED].float().mean()
        loss = cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED)
        shown: dict[str, Any] = {
            "batch_size": int(batch.lengths.sum()), "prog_bar": True, "sync_dist": True
        }  # fmt: skip
        self.log("val_loss", loss, **shown)
        self.log("val_accuracy", hits, **shown)
