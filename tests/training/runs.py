"""Tiny runs of the training loop; as a script, one that is killed in the middle.

python -m tests.training.runs classifier RUN_DIR STEP
"""

import os
import signal
import sys
from pathlib import Path

import lightning.pytorch as pl
import torch

from tests.training.tiny import classifier_task, labelled_rows, language_task, stream
from training.batches import BpttWindows, TextBatches
from training.fit import FitOptions, fit


class Interrupted(Exception):
    """What a run is interrupted with."""


def interrupt():
    raise Interrupted


class StopAt(pl.Callback):
    """Call a function after a number of steps."""

    def __init__(self, step, stop):
        self.step, self.stop = step, stop

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            self.stop()


def classifier_run(run_dir, *, callbacks=(), task=None, **options):
    """Train on 120 texts, 8 batches an epoch; return the task and the losses."""
    task = task or classifier_task()
    batches = TextBatches(*labelled_rows(120), batch_size=15, seed=0)
    validation = TextBatches(*labelled_rows(60, seed=1), batch_size=60)
    chosen = FitOptions(run_dir, **{"max_epochs": 4, **options})
    return task, fit(task, batches, validation, options=chosen, callbacks=callbacks)


def language_run(run_dir, *, callbacks=(), task=None, **options):
    """Train on 801 tokens, 10 windows an epoch; return the task and the losses."""
    task = task or language_task()
    windows = BpttWindows(stream(801), batch_size=8, bptt_len=10, seed=0)
    validation = BpttWindows(stream(101, seed=1), batch_size=2, bptt_len=10)
    chosen = FitOptions(run_dir, **{"max_epochs": 4, **options})
    return task, fit(task, windows, validation, options=chosen, callbacks=callbacks)


RUNS = {"classifier": classifier_run, "language": language_run}


def main(kind, run_dir, step):
    torch.set_num_threads(1)
    killer = StopAt(int(step), lambda: os.kill(os.getpid(), signal.SIGKILL))
    RUNS[kind](Path(run_dir), callbacks=[killer], checks_per_epoch=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
