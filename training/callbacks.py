"""What is watched while a net trains: gradients, progress lines, history."""

import logging
import math
import time
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch

log = logging.getLogger(__name__)

VANISHING_NORM = 1e-6
EXPLODING_FACTOR = 100.0


class GradientWatch(pl.Callback):
    """Log the gradient's norm before clipping, and name it when it explodes or vanishes.

    A norm over `EXPLODING_FACTOR` times the clipping norm, or one that is no number, is called
    exploding; one below `VANISHING_NORM` vanishing (Pascanu et al. 2013). Each is named once an
    epoch, with the step.

    Args:
        grad_clip_norm: Norm that gradients are clipped to.
    """

    def __init__(self, grad_clip_norm: float) -> None:
        """Start with nothing named."""
        self.grad_clip_norm = grad_clip_norm
        self._named: set[str] = set()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Allow each name once more."""
        self._named.clear()

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        """Measure the norm over all gradients."""
        gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
        norm = float(torch.nn.utils.get_total_norm(gradients))
        pl_module.log("grad_norm", norm, batch_size=1)
        limit = EXPLODING_FACTOR * self.grad_clip_norm
        if not math.isfinite(norm) or norm > limit:
            self._name("exploding gradient", norm, trainer.global_step)
        elif norm < VANISHING_NORM:
            self._name("vanishing gradient", norm, trainer.global_step)

    def _name(self, what: str, norm: float, step: int) -> None:
        if what not in self._named:
            self._named.add(what)
            log.warning("%s: norm %.3g at step %d", what, norm, step)


class PlainProgress(pl.Callback):
    """One line of progress every `interval_s` seconds, for logs and pipes.

    Args:
        interval_s: Seconds between lines.
    """

    def __init__(self, interval_s: float = 15.0) -> None:
        """Start the clock."""
        self.interval_s = interval_s
        self._last, self._tokens = time.monotonic(), 0.0

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count the batch; print when the interval is over."""
        self._tokens += float(trainer.callback_metrics.get("tokens", torch.zeros(1)))
        elapsed = time.monotonic() - self._last
        if elapsed < self.interval_s:
            return
        loss = float(trainer.callback_metrics["loss_step"])
        log.info(
            "epoch %d step %d/%d loss %.4f perplexity %.1f tokens/s %.0f",
            trainer.current_epoch,
            batch_idx + 1,
            trainer.num_training_batches,
            loss,
            math.exp(min(loss, 50.0)),
            self._tokens / elapsed,
        )
        self._last, self._tokens = time.monotonic(), 0.0


class Point(NamedTuple):
    """Losses in nats after `epoch` epochs (may be a fraction), and the validation accuracy."""

    epoch: float
    loss: float | None
    val_loss: float
    val_accuracy: float | None


class History(pl.Callback):
    """Collect a `Point` per validation; survives a resume with the checkpoint."""

    def __init__(self) -> None:
        """Start empty."""
        self.points: list[Point] = []
        self._losses: list[float] = []

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Remember the batch's loss."""
        self._losses.append(float(trainer.callback_metrics["loss_step"]))

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add a point and say it."""
        metrics = trainer.callback_metrics
        accuracy = metrics.get("val_accuracy")
        batches = max(1, int(trainer.num_training_batches))
        point = Point(
            epoch=trainer.global_step / batches,
            loss=sum(self._losses) / len(self._losses) if self._losses else None,
            val_loss=float(metrics["val_loss"]),
            val_accuracy=None if accuracy is None else float(accuracy),
        )
        self.points.append(point)
        self._losses.clear()
        log.info(
            "epoch %.2f loss %s val_loss %.4f%s",
            point.epoch,
            "-" if point.loss is None else f"{point.loss:.4f}",
            point.val_loss,
            "" if accuracy is None else f" val_accuracy {point.val_accuracy:.4f}",
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the points as plain lists."""
        return {"points": [list(point) for point in self.points]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the points back."""
        self.points = [Point(*point) for point in state_dict["points"]]
