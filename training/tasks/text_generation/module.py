"""What a training step is for a language model: next tokens, the state carried between windows."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from training.data.batches import Window
from training.fitting.losses import SampledSoftmax
from training.fitting.module import TrainingModule
from training.fitting.schedules import OptimizerOptions
from training.nets.cells import State
from training.nets.language_model import LanguageModel


class LanguageModelModule(TrainingModule):
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

    def forward(self, batch: Window) -> Tensor:
        """Return logits (batch, seq_len, vocab_size) of a text that begins with the window."""
        logits: Tensor = self.net(batch.inputs)[0]
        return logits

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
