"""What a training step is for a text classifier: cross entropy over classes."""

from typing import Any

from torch import Tensor
from torch.nn.functional import cross_entropy

from training.data.batches import TextBatch
from training.fitting.module import TrainingModule
from training.fitting.schedules import OptimizerOptions
from training.nets.classifier import TextClassifier


class ClassifierModule(TrainingModule):
    """Cross entropy over classes; also logs `val_accuracy`.

    Args:
        net: The classifier.
        options: How weights are updated.
        label_smoothing: Share of the target probability spread over all classes (Szegedy et al.
            2016), [0, 1).
    """

    net: TextClassifier

    def __init__(
        self, net: TextClassifier, options: OptimizerOptions, *, label_smoothing: float = 0.0
    ) -> None:
        """Keep the net."""
        super().__init__(net, options)
        self.label_smoothing = label_smoothing

    def forward(self, batch: TextBatch) -> Tensor:
        """Return logits (batch, num_classes)."""
        logits: Tensor = self.net(batch.token_ids, batch.lengths)
        return logits

    def training_step(self, batch: TextBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        logits = self(batch)
        loss = cross_entropy(logits, batch.labels, label_smoothing=self.label_smoothing)
        self.log("loss", loss, on_step=True, on_epoch=True, batch_size=len(batch.labels))
        self.log("tokens", float(batch.lengths.sum()), reduce_fx="sum", batch_size=1)
        return loss

    def validation_step(self, batch: TextBatch, batch_idx: int) -> None:
        """Log loss and accuracy of one batch."""
        logits = self(batch)
        hits = (logits.argmax(dim=1) == batch.labels).float().mean()
        size = len(batch.labels)
        shown: dict[str, Any] = {"batch_size": size, "prog_bar": True, "sync_dist": True}
        self.log("val_loss", cross_entropy(logits, batch.labels), **shown)
        self.log("val_accuracy", hits, **shown)
