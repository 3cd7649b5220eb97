"""Two processes train what one process trains on batches of twice the size."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from model_store import Store
from tests.training.runs import language_run
from tests.training.tiny import language_task
from tests.training.toys import write_reviews
from training.fitting.processes import Share, this_share

ROOT = Path(__file__).resolve().parents[3]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
            "-m"]  # fmt: skip


def run_twice(*command):
    done = subprocess.run(
        [*TORCHRUN, *command], cwd=ROOT, timeout=300, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done


def test_process_alone_has_all_of_the_work(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)

    assert this_share() == Share(0, 1)


def test_two_processes_end_with_the_weights_of_one_with_twice_the_batch(tmp_path):
    alone, _ = language_run(tmp_path / "one", task=language_task(output_dropout=0.0))

    run_twice("tests.training.runs", "shared", "language", tmp_path)

    first, second = (torch.load(tmp_path / f"weights-{rank}.pt") for rank in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    torch.testing.assert_close(first, dict(alone.net.state_dict()), rtol=1e-4, atol=1e-5)


@pytest.mark.slow  # as long as the one above, and less can break
def test_two_processes_publish_one_version(tmp_path):
    argv = ["--data", write_reviews(tmp_path / "reviews.csv", count=80), "--name", "toy",
            "--store", tmp_path / "store", "--run-dir", tmp_path / "run", "--threads", "1",
            "--hidden-size", "8", "--embedding-dim", "8", "--vocab-size", "300", "--max-epochs",
            "2", "--batch-size", "8", "--no-baseline", "--gradual-unfreezing"]  # fmt: skip

    said = run_twice("training.train_classifier", *argv).stderr

    assert Store(tmp_path / "store").versions("toy") == [1]
    assert said.count("published toy:1") == 1
    assert said.count("best val_loss") == 1
