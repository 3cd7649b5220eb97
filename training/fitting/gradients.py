"""Gradients are watched while a net trains, and named when they explode or vanish."""

import logging
import math
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

log = logging.getLogger(__name__)

EXPLODING_FACTOR = 100.0
VANISHING_NORM = 1e-6
VANISHING_REACH = 1e-4  # measured: 0.3 with pooling "concat"; RNN 30 tokens, "last": 1e-6
SHORTEST_WATCHED = 20


def reach(gradient: Tensor) -> float:
    """Return which share of a gradient's norm stands in the first tenth of the tokens.

    Args:
        gradient: Of the loss with respect to the embedded tokens, (batch, seq_len, dim).

    Returns:
        Between 0 and 1; about 0.3 where all tokens get the same.
    """
    by_token = gradient.detach().float().norm(dim=(0, 2))  # (seq_len,)
    first = max(1, len(by_token) // 10)
    return float(by_token[:first].norm() / by_token.norm())


class GradientWatch(pl.Callback):
    """Log the gradient's norm before clipping, and how far back in the text it reaches.

    A norm over `EXPLODING_FACTOR` times the clipping norm, or one that is no number, is called
    exploding; a norm below `VANISHING_NORM` or a reach below `VANISHING_REACH` vanishing
    (Pascanu et al. 2013). Norms of the weights' gradients alone would not show it: the last steps
    of a text keep them up. Each is named once an epoch, with the step.

    Args:
        grad_clip_norm: Norm that gradients are clipped to; 0 for no clipping.
    """

    def __init__(self, grad_clip_norm: float) -> None:
        """Start with nothing named."""
        self.largest_norm = EXPLODING_FACTOR * (grad_clip_norm or 1.0)
        self._named: set[str] = set()
        self._reach: float | None = None
        self._handle: RemovableHandle | None = None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to look at the gradient of the embedded tokens."""
        embedded = dict(pl_module.named_modules()).get("net.stack.input_dropout")
        if embedded is not None:  # a net without time has no way back through it
            self._handle = embedded.register_forward_hook(self._look_at)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop looking."""
        if self._handle is not None:
            self._handle.remove()

    def _look_at(self, module: nn.Module, inputs: Any, vectors: Tensor) -> None:
        if vectors.requires_grad and vectors.shape[1] >= SHORTEST_WATCHED:
            vectors.register_hook(self._measure_reach)  # type: ignore[no-untyped-call]

    def _measure_reach(self, gradient: Tensor) -> None:
        self._reach = reach(gradient)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Allow each name once more."""
        self._named.clear()

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        """Measure, log, and name what is wrong."""
        gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
        norm, step = float(torch.nn.utils.get_total_norm(gradients)), trainer.global_step
        pl_module.log("grad_norm", norm, batch_size=1)
        if not math.isfinite(norm) or norm > self.largest_norm:
            self._name("exploding gradient", f"norm {norm:.3g} at step {step}")
        elif norm < VANISHING_NORM:
            self._name("vanishing gradient", f"norm {norm:.3g} at step {step}")
        elif self._reach is not None:
            pl_module.log("grad_reach", self._reach, batch_size=1)
            if self._reach < VANISHING_REACH:
                self._name(
                    "vanishing gradient",
                    f"{self._reach:.2g} of it reaches the first tenth of the texts at step {step}",
                )
        self._reach = None

    def _name(self, what: str, detail: str) -> None:
        if what not in self._named:
            self._named.add(what)
            log.warning("%s: %s", what, detail)
