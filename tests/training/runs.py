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
from training.data.batches import BpttWindows, TextBatches
from training.fitting.fit import FitOptions, fit
from training.fitting.processes import this_share


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


def classifier_run(run_dir, *, callbacks=(), task=None, batch_size=15, **options):
    """Train on 120 texts, 8 batches an epoch; return the task and the losses."""
    task = task or classifier_task()
    batches = TextBatches(*labelled_rows(120), batch_size=batch_size, seed=0, share=this_share())
    validation = TextBatches(*labelled_rows(60, seed=1), batch_size=60)
    chosen = FitOptions(run_dir, **{"max_epochs": 4, **options})
    return task, fit(task, batches, validation, options=chosen, callbacks=callbacks)


def language_run(run_dir, *, callbacks=(), task=None, batch_size=8, **options):
    """Train on 801 tokens, 10 windows an epoch; return the task and the losses."""
    task = task or language_task()
    windows = BpttWindows(
        stream(801), batch_size=batch_size, bptt_len=10, seed=0, share=this_share()
    )
    validation = BpttWindows(stream(101, seed=1), batch_size=2, bptt_len=10)
    chosen = FitOptions(run_dir, **{"max_epochs": 4, **options})
    return task, fit(task, windows, validation, options=chosen, callbacks=callbacks)


RUNS = {"classifier": classifier_run, "language": language_run}


def killed(kind, run_dir):
    """Train until step 18, then be killed."""
    killer = StopAt(18, lambda: os.kill(os.getpid(), signal.SIGKILL))
    RUNS[kind](run_dir, callbacks=[killer], checks_per_epoch=2)


def shared(kind, run_dir):
    """Train on this process's share; leave the weights in a file of its rank."""
    task, _ = language_run(run_dir, task=language_task(output_dropout=0.0), batch_size=4)
    torch.save(task.net.state_dict(), run_dir / f"weights-{this_share().rank}.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"killed": killed, "shared": shared}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
