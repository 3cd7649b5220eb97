"""What trainings share: the run's folder, seeds, what is said and published."""

import argparse
import logging
import os
import shlex
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import nn

from model_store import (
    About,
    PrimaryMetric,
    Store,
    StoredVersion,
    TaskConfig,
    Tokenizer,
)
from model_store.document import describe
from model_store.eight_bit_form import eight_bit_forms
from model_store.manifest import Dataset
from model_store.names import check_model_name
from training.data.batches import Passes
from training.data.reports import DataReport, counted
from training.errors import UsageError
from training.export.publish import Described, library_versions, publish
from training.fitting.callbacks import Point
from training.fitting.convergence import check_converged
from training.fitting.fit import LAST, PREVIOUS, FitOptions, fit
from training.fitting.memory import check_memory, start_memory
from training.fitting.module import TrainingModule
from training.fitting.processes import this_share
from training.fitting.schedules import OptimizerOptions
from training.fitting.time_left import spoken
from training.flags import DEFAULT_STORE, options_from
from training.reports.layers import layer_table
from training.serving import check_better, keep_better, promote_command, served_version
from training.task import Exported, TrainingTask, parameters_of, task_of

log = logging.getLogger(__name__)

CURVES = "curves.png"
NOISY = {  # set after the import, which sets levels of its own
    "lightning": logging.WARNING,
    "lightning.pytorch": logging.WARNING,
    "lightning.fabric": logging.ERROR,
    "matplotlib": logging.WARNING,
}
DRY_BATCHES = 5  # of a dry run; the first one takes longer


def fit_options(arguments: argparse.Namespace) -> FitOptions:
    """Return how long to train and where to."""
    return options_from(FitOptions, arguments, run_dir=run_dir(arguments))


def optimizer_options(arguments: argparse.Namespace) -> OptimizerOptions:
    """Return how weights are updated."""
    return options_from(OptimizerOptions, arguments)


def run_dir(arguments: argparse.Namespace) -> Path:
    """Return the run's folder, which need not exist yet."""
    folder: Path = arguments.run_dir or Path("runs") / arguments.name
    return folder


def run_tokenizer(arguments: argparse.Namespace, learn: Callable[[], Tokenizer]) -> Tokenizer:
    """Return the run's tokenizer: learned and kept, or on `--resume` the one kept before."""
    kept = run_dir(arguments) / "tokenizer.json"
    if arguments.resume and kept.exists():
        try:
            return Tokenizer.from_bytes(kept.read_bytes())
        except ValueError as exc:
            raise UsageError(f"{kept} is damaged ({exc}): leave out --resume") from exc
    log.info("learning the vocabulary, encoding the texts")
    tokenizer = learn()
    if not arguments.dry_run and this_share().is_first:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(tokenizer.to_bytes())
    return tokenizer


def prepare(arguments: argparse.Namespace) -> Store:
    """Seed everything, set threads, look at the run's folder; return the store to publish to.

    Raises:
        UsageError: `--resume` was given, but there is nothing to resume; or there is no GPU; or
            the run's folder or the store's cannot be written to.
        model_store.InvalidName: No model can have this name.
    """
    check_model_name(arguments.name)
    check_memory(arguments)
    has_gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
    if arguments.accelerator == "gpu" and not has_gpu:
        raise UsageError("--accelerator gpu: PyTorch finds no GPU here; give cpu, or auto")
    if not arguments.dry_run:
        check_writable(run_dir(arguments), "--run-dir")
        check_writable(arguments.store / arguments.name, "--store")
    checkpoint = run_dir(arguments) / LAST
    if arguments.resume and not checkpoint.exists():
        raise UsageError(f"nothing to resume: {checkpoint} does not exist; leave out --resume")
    if checkpoint.exists() and not (arguments.resume or arguments.dry_run):
        log.warning(
            "%s holds an earlier run, which --resume would go on with: this one starts anew (the "
            "earlier %s becomes %s)",
            *(checkpoint.parent, LAST, PREVIOUS),
        )
    # AdamW's averages of rare tokens fade into denormal numbers, which cost processors 5 to 10
    # times the time: without this, an epoch was measured to grow slower and slower.
    torch.set_flush_denormal(True)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    for noisy, level in NOISY.items():
        logging.getLogger(noisy).setLevel(level)
    pl.seed_everything(arguments.seed, workers=True, verbose=False)
    return Store(arguments.store)


def check_writable(folder: Path, flag: str) -> None:
    """See that a folder can be written to or made, before hours are spent.

    Raises:
        UsageError: It cannot.
    """
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK, effective_ids=True):
        why = "no permission" if there.is_dir() else "no folder"
        raise UsageError(f"{folder} cannot be written to ({there}: {why}); name another by {flag}")


@contextmanager
def checking_flags() -> Iterator[None]:
    """Tell a value that the flags led to, and that cannot be, as a mistake in the flags."""
    try:
        yield
    except ValueError as exc:
        raise UsageError(describe(exc)) from exc


def say_report(report: DataReport) -> None:
    """Say what was read and left out."""
    for line in report.lines():
        log.info("%s", line)


def fit_or_try(
    arguments: argparse.Namespace,
    module: TrainingModule,
    batches: Passes[Any],
    held_out: Passes[Any],
    *,
    callbacks: Sequence[pl.Callback] = (),
) -> list[Point] | None:
    """Train the module's net, or try one batch on a dry run.

    Returns:
        The losses at each validation; None where nothing is left to do: after a dry run, and in
        all processes but the first.

    Raises:
        UsageError: The training diverged.
    """
    log.info("%s", layer_table(module.net))
    start_memory(module.net, arguments)
    if arguments.dry_run:
        say_dry_run(arguments, module, batches)
        return None
    points = fit(module, batches, held_out, options=fit_options(arguments), callbacks=callbacks)
    check_converged(module.net, points, arguments)
    return points if this_share().is_first else None


def about_run(
    task: TrainingTask,
    command: str,
    *,
    datasets: Sequence[Dataset],
    figures: Mapping[str, float],
    primary: str,
    higher_is_better: bool = True,
) -> About:
    """Return what a manifest says of a run.

    Args:
        task: What was trained.
        command: What trains the same again, see `command_line`.
        datasets: What was read.
        figures: What was measured.
        primary: Which of the figures tells the better of two versions.
        higher_is_better: Whether its higher value does.
    """
    return About(
        task=task.name,
        datasets=tuple(datasets),
        metrics=dict(figures),
        primary_metric=PrimaryMetric(name=primary, higher_is_better=higher_is_better),
        command=command,
        libraries=library_versions(),
    )


def publish_run(
    arguments: argparse.Namespace,
    net: nn.Module,
    exported: Exported,
    config: TaskConfig,
    *,
    described: Described,
    tokenizer: Any = None,
) -> StoredVersion:
    """Publish a run's net as a new version and say so; see `publish`.

    One that measured worse than the version that is served does not take its place by itself.

    Raises:
        UsageError: It measured no better, and `--only-if-better` was given.
    """
    store = Store(arguments.store)
    served = served_version(store, arguments.name)
    if arguments.only_if_better and served is not None:
        check_better(served, described.about, run_dir(arguments))
    stored = publish(
        net,
        exported,
        config,
        tokenizer=tokenizer,
        store=store,
        name=arguments.name,
        described=described,
    )
    if served is not None:
        keep_better(store, served, stored)
    say_published(stored, described.example)
    return stored


def say_dry_run(
    arguments: argparse.Namespace, module: TrainingModule, batches: Passes[Any]
) -> None:
    """Try some batches; say what would be trained, and about how long it would take."""
    times = []
    for batch in islice(batches, DRY_BATCHES):
        started = time.monotonic()
        module(batch).sum().backward()
        times.append(time.monotonic() - started)
    seconds = statistics.median(times) * len(batches) * arguments.max_epochs
    log.info(
        "dry run: %s parameters, %s an epoch, %s: %s of training; nothing written",
        *(f"{parameters_of(module.net):,}", "1 batch" if len(batches) == 1 else
          f"{len(batches):,} batches", counted(arguments.max_epochs, "epoch"), spoken(seconds)),
    )  # fmt: skip


def say_published(stored: StoredVersion, example: Any) -> None:
    """Say where the new version is, how good it is, and how to call it."""
    log.info("published %s:%d in %s", stored.name, stored.version, stored.path)
    width = max(map(len, stored.manifest.metrics), default=0)
    for key, value in sorted(stored.manifest.metrics.items()):
        log.info("  %-*s %.4f", width, key, value)
    if CURVES in stored.manifest.files:
        log.info("curves of the loss: %s", stored.path / CURVES)
    task = task_of(stored.config)
    task.warn(stored)
    root = stored.path.parent.parent
    default = Store(root).serving(stored.name).default
    if default != stored.version:
        log.info(
            "%s stays at version %d, which was promoted; to serve the new one:\n%s",
            *(stored.name, default, promote_command(Store(root), stored, default)),
        )
    folder = shlex.quote(str(root))
    if stored.config.task in eight_bit_forms():
        command = f"python -m model_store --store {folder} quantize {stored.name}:{stored.version}"
        log.info("quicker in 8 bits, with AVX-512 two to five times: %s", command)
    serve = "make serve" if root == DEFAULT_STORE else f"STORE_DIR={folder} make serve"
    log.info("serve it with `%s`, then:\n%s", serve, task.call(stored.name, example))
