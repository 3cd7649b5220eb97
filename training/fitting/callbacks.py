"""What accompanies training: progress lines, history, and what a resumed run needs."""

import logging
import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, Timer

from training.data.batches import Passes
from training.fitting.processes import this_share
from training.fitting.time_left import Clock

log = logging.getLogger(__name__)


def time_left(clock: Clock, trainer: pl.Trainer) -> str:
    """Return what is left of a training, which a time limit may end."""
    timers = [each for each in trainer.callbacks if isinstance(each, Timer)]  # type: ignore[attr-defined]
    limits = [left for each in timers if (left := each.time_remaining()) is not None]
    return clock.left(trainer, at_most_s=min(limits, default=None))


class PlainProgress(pl.Callback):
    """One line of progress every `interval_s` seconds, for logs and pipes.

    Args:
        interval_s: Seconds between lines.
    """

    def __init__(self, interval_s: float = 15.0) -> None:
        """Start the clock."""
        self.interval_s = interval_s
        self._last, self._tokens = time.monotonic(), 0.0
        self._clock = Clock()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock of what is left."""
        self._clock.start(trainer)

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
            "epoch %d of %d, step %d of %d, %s: loss %.4f perplexity %.1f tokens/s %.0f",
            *(trainer.current_epoch + 1, trainer.max_epochs or 0),
            *(batch_idx + 1, trainer.num_training_batches, time_left(self._clock, trainer)),
            *(loss, math.exp(min(loss, 50.0)), self._tokens / elapsed * trainer.world_size),
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
        self._clock = Clock()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock of what is left."""
        self._clock.start(trainer)

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
            "epoch %g of %d, %s: loss %s val_loss %.4f%s",
            *(round(point.epoch, 2), trainer.max_epochs or 0, time_left(self._clock, trainer)),
            *("-" if point.loss is None else f"{point.loss:.4f}", point.val_loss),
            "" if accuracy is None else f" val_accuracy {point.val_accuracy:.4f}",
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the points as plain lists, and the losses since the latest."""
        return {"points": [list(point) for point in self.points], "losses": list(self._losses)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the points and losses back."""
        self.points = [Point(*point) for point in state_dict["points"]]
        self._losses = list(state_dict.get("losses", []))


class Place(pl.Callback):
    """Keep where a run is in its data, and the state of torch's generators.

    A resumed run then reads and draws what it would have read and drawn: its weights and history
    are those of a run without the interruption, if it has one process. (Lightning keeps the place
    as well, but by the time it restores it, asking for the number of steps has set up the data
    already.)

    Args:
        batches: What is trained on.
    """

    def __init__(self, batches: Passes[Any]) -> None:
        """Start with nothing to restore."""
        self.batches = batches
        self._generators: list[torch.Tensor] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore the generators that the checkpoint held; each process has its own draws."""
        if trainer.world_size > 1:
            torch.manual_seed(torch.initial_seed() + trainer.global_step + trainer.global_rank)
        elif self._generators:
            torch.set_rng_state(self._generators[0])
            torch.cuda.set_rng_state_all(self._generators[1:])

    def state_dict(self) -> dict[str, Any]:
        """Return the place, and the generators' states: the processor's, then each GPU's."""
        generators = [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]
        return {"batches": self.batches.state_dict(), "generators": generators}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the place and the states back."""
        self.batches.load_state_dict(state_dict["batches"])
        self._generators = state_dict["generators"]


def is_validated_next(trainer: pl.Trainer, batch_idx: int) -> bool:
    """Return whether validation follows this batch: a checkpoint before it resumes after it."""
    between = trainer.val_check_batch or trainer.num_training_batches
    return trainer.is_last_batch or (batch_idx + 1) % between == 0


class TimedCheckpoint(ModelCheckpoint):
    """A checkpoint by the clock, but never just before a validation, which writes one as well."""

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Write it, if it is time."""
        if not is_validated_next(trainer, batch_idx):
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)


class StopOnInterrupt(pl.Callback):
    """On Ctrl-C, end the training after the batch that runs, with a checkpoint to resume from.

    Where a validation comes next, after that and one more batch.

    A second Ctrl-C ends it at once, and so does the first one for several processes, which would
    have to agree on a batch.

    Args:
        checkpoint: The file to write.
    """

    def __init__(self, checkpoint: Path) -> None:
        """Start unasked."""
        self.checkpoint = checkpoint
        self.is_asked = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hear Ctrl-C inside the block, if this thread may and it is not ignored altogether."""
        before = signal.getsignal(signal.SIGINT)
        is_main = threading.current_thread() is threading.main_thread()
        if before is signal.SIG_IGN or not is_main or this_share().count > 1:
            yield
            return
        signal.signal(signal.SIGINT, self._ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _ask(self, signum: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.is_asked = True

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Leave, if asked to."""
        if self.is_asked and not is_validated_next(trainer, batch_idx):
            trainer.save_checkpoint(self.checkpoint)
            raise KeyboardInterrupt
