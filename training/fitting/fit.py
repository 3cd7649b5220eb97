"""The training loop: Lightning's Trainer with early stopping, best checkpoint and resume."""

import logging
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException as Misconfigured
from lightning.pytorch.callbacks import (
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
    TQDMProgressBar,
)
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.strategies import DDPStrategy

from training.data.batches import Passes
from training.errors import UsageError
from training.fitting.callbacks import (
    History,
    Place,
    PlainProgress,
    Point,
    StopOnInterrupt,
    TimedCheckpoint,
)
from training.fitting.gradients import GradientWatch
from training.fitting.module import TrainingModule
from training.fitting.processes import this_share

log = logging.getLogger(__name__)

LAST = "last.ckpt"  # in the run's folder, what `--resume` goes on from
PREVIOUS = "previous.ckpt"  # the same of the run that was in the folder before


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How long to train, and on what.

    Args:
        run_dir: Checkpoints and CSV logs go here.
        max_epochs: Passes over the training data at most.
        patience: Validations without improvement after which training stops; not with `keep`
            "last", whose schedule is run to its end.
        min_delta: Smallest drop of the validation loss, in nats, that counts as improvement.
        average_decay: Of the weights' running average at each step, which is then what is
            validated and kept (Polyak and Juditsky 1992); 0 for the weights themselves.
        keep: Whose weights are kept: those of the "best" validation, or the "last" ones, as a
            schedule that falls to zero is meant to be run.
        grad_clip_norm: Gradients are scaled down to this norm (Pascanu et al. 2013).
        checks_per_epoch: Validations in each epoch.
        save_minutes: Checkpoints to resume from are written this often, besides at validations.
        max_minutes: Stop after this time, keeping the best so far; None for no limit.
        precision: "32", or "bf16" for mixed precision (bfloat16 products, float32 weights).
        accelerator: Lightning's name: "cpu", "gpu", "auto".
        resume: Go on from the run's last checkpoint.
    """

    run_dir: Path
    max_epochs: int = 10
    patience: int = 3
    min_delta: float = 1e-4
    average_decay: float = 0.0
    keep: str = "best"
    grad_clip_norm: float = 1.0
    checks_per_epoch: int = 1
    save_minutes: float = 5.0
    max_minutes: float | None = None
    precision: str = "32"
    accelerator: str = "cpu"
    resume: bool = False


def fit(
    task: TrainingModule,
    train: Passes[Any],
    validation: Passes[Any],
    *,
    options: FitOptions,
    callbacks: Sequence[pl.Callback] = (),
) -> list[Point]:
    """Train until validation stops improving, and leave the best or last weights in `task.net`.

    Returns:
        The losses at each validation.

    Raises:
        FileNotFoundError: `resume` was asked for, but the run has no checkpoint.
        UsageError: The run's checkpoint is of other flags or data, or damaged.
        KeyboardInterrupt: On Ctrl-C, with what was kept and how to go on as its text.
    """
    last = options.run_dir / LAST
    if options.resume and not last.exists():
        raise FileNotFoundError(
            f"nothing to resume: {last} does not exist; run without --resume first"
        )
    if this_share().is_first and last.exists() and not options.resume:
        last.replace(last.with_name(PREVIOUS))
    history, best = History(), ModelCheckpoint(**_file(options, "best"), monitor="val_loss")
    checks = options.max_epochs * options.checks_per_epoch
    stopping = EarlyStopping(
        "val_loss",
        patience=options.patience if options.keep == "best" else checks,
        min_delta=options.min_delta,
        check_finite=True,
    )
    # of those that save, the last one comes last: it keeps what the others know as well
    saving = [
        best,
        ModelCheckpoint(**_file(options, "last")),
        TimedCheckpoint(
            **_file(options, "last"), train_time_interval=timedelta(minutes=options.save_minutes)
        ),
    ]
    watched: list[pl.Callback] = [history, GradientWatch(options.grad_clip_norm), Place(train)]
    if options.average_decay:
        watched.insert(0, EMAWeightAveraging(decay=options.average_decay))
    interrupt = StopOnInterrupt(last)
    trainer = _trainer(options, [*watched, stopping, *callbacks, *saving, interrupt])
    with warnings.catch_warnings(), _interruptible(interrupt), _resuming(options, last):
        _silence_lightning()
        trainer.fit(task, train, validation, ckpt_path=str(last) if options.resume else None)
    if best.best_model_score is not None:
        log.info("best val_loss %.4f", float(best.best_model_score))
    if best.best_model_score is not None and options.keep == "best":
        task.load_state_dict(torch.load(best.best_model_path, weights_only=True)["state_dict"])
    task.eval()
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    return history.points


@contextmanager
def _resuming(options: FitOptions, last: Path) -> Iterator[None]:
    """Tell what keeps a checkpoint from being gone on from: other flags or data, or damage."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (LookupError, ValueError, RuntimeError, UnpicklingError, EOFError, Misconfigured) as exc:
        if not options.resume:
            raise
        why = str(exc).strip().partition("\n")[0].rstrip(":.")[:120]
        raise UsageError(
            f"{last} cannot be gone on from with these flags and data ({type(exc).__name__}: "
            f"{why}): give those that the run began with, or leave out --resume"
        ) from exc


@contextmanager
def _interruptible(interrupt: StopOnInterrupt) -> Iterator[None]:
    """Tell of Ctrl-C what was kept, also where Lightning made an exit of it."""
    is_stopped = False
    with interrupt.watching():
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            is_stopped = True
    if not (is_stopped or interrupt.is_asked):
        return
    if interrupt.checkpoint.exists():
        kept = f"{interrupt.checkpoint} is kept: the same command with --resume goes on from it"
    else:
        kept = "nothing was kept yet: the same command begins anew"
    raise KeyboardInterrupt(f"stopped; {kept}")


def _file(options: FitOptions, filename: str) -> dict[str, Any]:
    """Return what keeps a checkpoint in one file."""
    return {"dirpath": options.run_dir, "filename": filename, "enable_version_counter": False}


def _trainer(options: FitOptions, callbacks: list[pl.Callback]) -> pl.Trainer:
    is_terminal = sys.stderr.isatty() and this_share().is_first
    progress: pl.Callback = TQDMProgressBar() if is_terminal else PlainProgress()
    minutes = options.max_minutes
    return pl.Trainer(
        default_root_dir=options.run_dir,
        accelerator=options.accelerator,
        devices=this_share().count,
        # layers that are frozen for an epoch get no gradient
        strategy=DDPStrategy(find_unused_parameters=True) if this_share().count > 1 else "auto",
        precision="bf16-mixed" if options.precision == "bf16" else "32-true",
        max_epochs=options.max_epochs,
        max_time=None if minutes is None else timedelta(minutes=minutes),
        gradient_clip_val=options.grad_clip_norm,
        val_check_interval=1.0 / options.checks_per_epoch,
        num_sanity_val_steps=0,
        enable_model_summary=False,
        enable_progress_bar=is_terminal,
        log_every_n_steps=20,
        logger=CSVLogger(options.run_dir, name=None, version="csv"),
        callbacks=[*callbacks, progress],
    )


def _silence_lightning() -> None:
    """Keep advice about data loader workers and the like out of people's terminals."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning.*")
    warnings.filterwarnings("ignore", module="pytorch_lightning.*")
