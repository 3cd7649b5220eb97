"""What a training step is for each network: loss, metrics, carried state."""

from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from training.data.batches import TextBatch, Window
from training.fitting.losses import SampledSoftmax
from training.fitting.schedules import OptimizerOptions, build_optimizer
from training.nets.cells import State
from training.nets.classifier import TextClassifier
from training.nets.language_model import LanguageModel


class Task(pl.LightningModule):
    """A network with its optimizer; logs `loss` and `val_loss` in nats."""

    net: nn.Module

    def __init__(self, net: nn.Module, options: OptimizerOptions) -> None:
        """Keep the net and how its weights are updated."""
        super().__init__()
        self.net = net
        self.options = options

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Build the optimizer over the net's depth groups."""
        optimizer, scheduler = build_optimizer(
            self.net,
            self.options,
            total_steps=int(self.trainer.estimated_stepping_batches),
            num_epochs=self.trainer.max_epochs or 1,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }


class ClassifierModule(Task):
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

    def training_step(self, batch: TextBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        logits = self.net(batch.token_ids, batch.lengths)
        loss = cross_entropy(logits, batch.labels, label_smoothing=self.label_smoothing)
        self.log("loss", loss, on_step=True, on_epoch=True, batch_size=len(batch.labels))
        self.log("tokens", float(batch.lengths.sum()), reduce_fx="sum", batch_size=1)
        return loss

    def validation_step(self, batch: TextBatch, batch_idx: int) -> None:
        """Log loss and accuracy of one batch."""
        logits = self.net(batch.token_ids, batch.lengths)
        hits = (logits.argmax(dim=1) == batch.labels).float().mean()
        size = len(batch.labels)
        shown: dict[str, Any] = {"batch_size": size, "prog_bar": True, "sync_dist": True}
        self.log("val_loss", cross_entropy(logits, batch.labels), **shown)
        self.log("val_accuracy", hits, **shown)


class LanguageModelModule(Task):
    """Next-token cross entropy over windows of running text, the state carried between them.

    Gradients stop at a window's start: truncated back-propagation through time (Williams and Peng
    1990).

    Args:
        net: The language model.
        options: How weights are updated.
        sampled: Loss over drawn tokens for large vocabularies; None uses the full softmax.
        activation_penalty: Weight of the mean square of the last layer's outputs (Merity et al.
            2018, "AR").
        slowness_penalty: Weight of the mean square of their change per step ("TAR").
    """

    net: LanguageModel

    def __init__(
        self,
        net: LanguageModel,
        options: OptimizerOptions,
        *,
        sampled: SampledSoftmax | None = None,
        activation_penalty: float = 0.0,
        slowness_penalty: float = 0.0,
    ) -> None:
        """Keep the net; the carried state starts at zeros."""
        super().__init__(net, options)
        self.sampled = sampled
        self.activation_penalty, self.slowness_penalty = activation_penalty, slowness_penalty
        self._state: list[State] | None = None
        self._training_state: list[State] | None = None

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the carried state, for a run that is resumed in the middle of the text."""
        checkpoint["carried_state"] = self._state

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the carried state back."""
        self._state = checkpoint.get("carried_state")

    def on_train_start(self) -> None:
        """Bring a state that was loaded to where the net is; it is that of the first process."""
        if self.trainer.global_rank > 0:
            self._state = None
        elif self._state is not None:
            self._state = [tuple(part.to(self.device) for part in s) for s in self._state]

    def on_train_epoch_start(self) -> None:
        """Begin the text anew."""
        self._state = None

    def on_validation_epoch_start(self) -> None:
        """Set the training text's state aside and begin the validation text."""
        self._training_state, self._state = self._state, None

    def on_validation_epoch_end(self) -> None:
        """Go on where the training text was left."""
        self._state = self._training_state

    def _hidden_states(self, inputs: Tensor) -> Tensor:
        outputs, states = self.net.stack(inputs, state=self._state)
        self._state = [tuple(part.detach() for part in state) for state in states]
        hidden: Tensor = outputs
        return hidden

    def training_step(self, batch: Window, batch_idx: int) -> Tensor:
        """Return the loss of one window, penalties included."""
        hidden = self._hidden_states(batch.inputs)
        flat, targets = hidden.flatten(0, 1), batch.targets.flatten()
        loss: Tensor
        if self.sampled is not None:
            loss = self.sampled(flat, targets, decoder=self.net.decoder)
        else:
            loss = cross_entropy(self.net.decoder(flat).float(), targets)
        self.log("loss", loss, on_step=True, on_epoch=True, batch_size=1)
        self.log("tokens", float(targets.numel()), reduce_fx="sum", batch_size=1)
        if self.activation_penalty:
            loss = loss + self.activation_penalty * hidden.float().square().mean()
        if self.slowness_penalty and hidden.shape[1] > 1:
            change = (hidden[:, 1:] - hidden[:, :-1]).float()
            loss = loss + self.slowness_penalty * change.square().mean()
        return loss

    def validation_step(self, batch: Window, batch_idx: int) -> None:
        """Log the exact loss of one window, over the whole vocabulary."""
        hidden = self._hidden_states(batch.inputs)
        logits = self.net.decoder(hidden.flatten(0, 1)).float()
        targets = batch.targets.flatten()
        loss = cross_entropy(logits, targets)
        self.log("val_loss", loss, batch_size=targets.numel(), prog_bar=True, sync_dist=True)


@torch.inference_mode()
def corpus_loss(net: LanguageModel, token_ids: Tensor, *, window: int = 512) -> float:
    """Return nats per token over a whole text, read once from a zero state.

    Args:
        net: The language model.
        token_ids: (num_tokens,) int64; the first one is only read, not predicted.
        window: Tokens run through at once; has no influence on the result.
    """
    net.eval()
    total, state = 0.0, None
    for start in range(0, len(token_ids) - 1, window):
        stop = min(start + window, len(token_ids) - 1)
        logits, state = net(token_ids[None, start:stop], state)
        targets = token_ids[start + 1 : stop + 1]
        total += float(cross_entropy(logits[0].double(), targets, reduction="sum"))
    return total / (len(token_ids) - 1)
