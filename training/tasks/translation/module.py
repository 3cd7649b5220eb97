"""What a training step is for a translator: the next token of each translation, its source read."""

from torch import Tensor
from torch.nn.functional import cross_entropy

from training.data.pair_batches import IGNORED, PairBatch
from training.fitting.module import TrainingModule
from training.fitting.schedules import OptimizerOptions
from training.nets.translator import Translator


class TranslationModule(TrainingModule):
    """Next-token cross entropy; also logs `val_accuracy`, the share of right tokens.

    Args:
        net: The translator.
        options: How weights are updated.
        label_smoothing: Share of the target probability spread over all tokens (Szegedy et al.
            2016), [0, 1).
    """

    net: Translator

    def __init__(
        self, net: Translator, options: OptimizerOptions, *, label_smoothing: float = 0.0
    ) -> None:
        """Keep the net."""
        super().__init__(net, options)
        self.label_smoothing = label_smoothing

    def forward(self, batch: PairBatch) -> Tensor:
        """Return logits (batch, target_len, vocab_size)."""
        logits: Tensor = self.net(batch.token_ids, batch.lengths, batch.inputs)
        return logits

    def _scored(self, batch: PairBatch) -> tuple[Tensor, Tensor]:
        """Return logits and targets, (tokens, vocab_size) and (tokens,), without the padding."""
        logits = self(batch)
        is_real = batch.targets != IGNORED
        return logits[is_real].float(), batch.targets[is_real]

    def training_step(self, batch: PairBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        logits, targets = self._scored(batch)
        loss = cross_entropy(logits, targets, label_smoothing=self.label_smoothing)
        self.log("loss", loss, on_step=True, on_epoch=True, batch_size=len(targets))
        self.log("tokens", float(len(targets)), reduce_fx="sum", batch_size=1)
        return loss

    def validation_step(self, batch: PairBatch, batch_idx: int) -> None:
        """Log loss and accuracy of one batch."""
        logits, targets = self._scored(batch)
        hits = (logits.argmax(dim=1) == targets).float().mean()
        shown = {"batch_size": len(targets), "prog_bar": True, "sync_dist": True}
        self.log("val_loss", cross_entropy(logits, targets), **shown)  # type: ignore[arg-type]
        self.log("val_accuracy", hits, **shown)  # type: ignore[arg-type]
