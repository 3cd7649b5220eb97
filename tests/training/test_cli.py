"""What every run is prepared with."""

import pytest
import torch

from training import cli
from training.classifier_flags import parse


@pytest.fixture(autouse=True)
def _as_before():
    yield
    torch.set_flush_denormal(False)


def arguments(*argv):
    return parse(["--data", "x", "--name", "toy", *argv])


def test_denormal_numbers_are_flushed(tmp_path, monkeypatch):
    """AdamW's fading averages made epochs five times slower before they were."""
    monkeypatch.chdir(tmp_path)

    cli.prepare(arguments())

    assert (torch.full((8,), 1e-38) * 1e-3).abs().max() == 0


def test_seed_is_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draws = []

    for seed in ("1", "1", "2"):
        cli.prepare(arguments("--seed", seed))
        draws.append(torch.rand(3).tolist())

    assert draws[0] == draws[1] != draws[2]


def test_earlier_run_in_the_same_folder_is_told_of_before_it_is_overwritten(tmp_path, caplog):
    (tmp_path / "last.ckpt").write_bytes(b"")

    cli.prepare(arguments("--run-dir", str(tmp_path)))

    assert caplog.messages == [f"{tmp_path} holds an earlier run: it is overwritten now"]
