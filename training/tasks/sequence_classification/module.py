"""What a training step is for a classifier of numbers: cross entropy over classes."""

from typing import Any

from torch import Tensor
from torch.nn.functional import cross_entropy

from training.data.number_batches import NumberBatch
from training.fitting.module import TrainingModule
from training.fitting.schedules import OptimizerOptions
from training.nets.sequence_classifier import SequenceClassifier
from training.nets.vector_classifier import VectorClassifier


class NumberClassifierModule(TrainingModule):
    """Cross entropy over classes; also logs `val_accuracy`.

    Args:
        net: The classifier.
        options: How weights are updated.
        label_smoothing: Share of the target probability spread over all classes, [0, 1).
    """

    net: SequenceClassifier | VectorClassifier

    def __init__(
        self,
        net: SequenceClassifier | VectorClassifier,
        options: OptimizerOptions,
        *,
        label_smoothing: float = 0.0,
    ) -> None:
        """Keep the net."""
        super().__init__(net, options)
        self.label_smoothing = label_smoothing

    def forward(self, batch: NumberBatch) -> Tensor:
        """Return logits (batch, num_classes)."""
        logits: Tensor = self.net(batch.values, batch.lengths)
        return logits

    def training_step(self, batch: NumberBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        logits = self(batch)
        loss = cross_entropy(logits, batch.labels, label_smoothing=self.label_smoothing)
        self.log("loss", loss, on_step=True, on_epoch=True, batch_size=len(batch.labels))
        self.log("tokens", float(batch.lengths.sum()), reduce_fx="sum", batch_size=1)
        return loss

    def validation_step(self, batch: NumberBatch, batch_idx: int) -> None:
        """Log loss and accuracy of one batch."""
        logits = self(batch)
        hits = (logits.argmax(dim=1) == batch.labels).float().mean()
        shown: dict[str, Any] = {
            "batch_size": len(batch.labels), "prog_bar": True, "sync_dist": True
        }  # fmt: skip
        self.log("val_loss", cross_entropy(logits, batch.labels), **shown)
        self.log("val_accuracy", hits, **shown)
