"""What every run is prepared with."""

import logging
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch

from model_store import Store
from model_store.__main__ import main as model_store_main
from tests.model_store.conftest import about, classifier_files
from tests.models import publish_classifier
from training import cli, serving
from training.errors import ParityError, UsageError
from training.script import run_script
from training.tasks.text_classification.flags import parse

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_accelerator_that_is_not_there_is_refused_at_the_start(tmp_path, monkeypatch):
    """The training library's traceback came only once the texts were encoded."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="--accelerator gpu: PyTorch finds no GPU here"):
        cli.prepare(arguments("--accelerator", "gpu"))
    with pytest.raises(SystemExit):
        arguments("--accelerator", "banana")


@pytest.mark.parametrize(
    "flags",
    [
        ("--seed", "4294967296"),
        ("--learning-rate", "1e38"),
        ("--max-minutes", "1e300"),
        ("--weight-decay", "inf"),
        ("--example", " "),
        ("--label-map", "a=b,a=c"),
        ("--vocab-size", "4"),
        ("--example", "\udc80"),
    ],
    ids=lambda flags: "".join(flags).encode("ascii", "replace").decode(),
)
def test_value_that_no_training_ends_well_with_is_refused_before_it(flags, capsys):
    """Each was a traceback, that of an example after the last epoch."""
    with pytest.raises(SystemExit):
        arguments(*flags)
    assert capsys.readouterr().err.startswith(f"error: argument {flags[0]}: ")


def test_network_that_no_memory_holds_ends_in_a_line(caplog):
    def main(_):
        torch.empty(2**60, dtype=torch.uint8)

    assert run_script(main, []) == 1
    assert "not enough memory for this network: give a smaller --hidden-size" in caplog.text


def test_folder_that_is_a_file_ends_in_a_line(tmp_path, caplog):
    (tmp_path / "run").touch()

    assert run_script(lambda _: (tmp_path / "run" / "x").mkdir(), []) == 2
    assert caplog.messages[-1].startswith("error: ")
    assert str(tmp_path / "run") in caplog.messages[-1]


@pytest.mark.parametrize(("flag", "value"), [("--store", "file/store"), ("--run-dir", "file/run")])
def test_place_that_cannot_be_is_told_before_the_training(flag, value, tmp_path, monkeypatch):
    """That of the store was found after the last epoch."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=rf"cannot be written.*file: no folder.* by {flag}"):
        cli.prepare(arguments(flag, value))


def test_place_without_permission_is_told(tmp_path):
    """As nobody, where the tests run as root, whom every place lets in."""
    tmp_path.chmod(0o555)
    for folder in tmp_path.parents:
        if folder.is_relative_to(tempfile.gettempdir()) and folder != Path(tempfile.gettempdir()):
            folder.chmod(folder.stat().st_mode | 0o055)
    user = os.geteuid()
    os.seteuid(user or 65534)
    try:
        with pytest.raises(UsageError, match="no permission.; name another by --store"):
            cli.check_writable(tmp_path / "x", "--store")
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o755)


def test_full_disk_ends_in_a_line_that_says_how_to_go_on(tmp_path, caplog):
    def main(_):
        with open("/dev/full", "w") as file:
            file.write("a checkpoint")

    assert run_script(main, []) == 2
    assert "No space left on device" in caplog.messages[-1]
    assert "another disk with --run-dir and --store; --resume goes on" in caplog.messages[-1]


def test_checkpoint_that_pytorch_cannot_write_ends_in_a_line(caplog):
    def main(_):
        torch.save(torch.zeros(100_000), "/dev/full")

    assert run_script(main, []) in (1, 2)
    assert caplog.messages[-1].startswith("error: ")


def test_earlier_run_in_the_same_folder_is_told_of(tmp_path, caplog):
    (tmp_path / "last.ckpt").write_bytes(b"")

    cli.prepare(arguments("--run-dir", str(tmp_path)))

    assert caplog.messages == [
        f"{tmp_path} holds an earlier run, which --resume would go on with: this one starts anew "
        "(the earlier last.ckpt becomes previous.ckpt)"
    ]


@pytest.mark.parametrize(("figures", "is_worse"), [((0.9, 0.4), True), ((0.4, 0.9), False)])
def test_version_that_measured_worse_is_not_served_by_itself_and_told(
    tmp_path, caplog, figures, is_worse
):
    store = Store(tmp_path)
    store.publish("tickets", classifier_files(), about(figures[0]))
    served = serving.served_version(store, "tickets")
    store.publish("tickets", classifier_files(), about(figures[1]))
    assert served is not None
    with caplog.at_level(logging.INFO):
        serving.keep_better(store, served, store.open("tickets", 2))
        cli.say_published(store.open("tickets", 2), "example")

    assert store.serving("tickets").default == (1 if is_worse else 2)
    assert ("tickets:2 has test_accuracy 0.4, tickets:1 has 0.9" in caplog.text) == is_worse
    if is_worse:  # the command that is told serves the new one
        argv = shlex.split(caplog.messages[-3].partition("\n")[2])[3:]
        assert model_store_main(argv) == 0
    assert store.serving("tickets").default == 2


@pytest.mark.parametrize(("got", "is_published"), [(0.95, True), (0.9, False), (0.4, False)])
def test_only_what_is_better_is_published_where_asked_for(tmp_path, got, is_published):
    store = Store(tmp_path)
    store.publish("tickets", classifier_files(), about(0.9))
    served = serving.served_version(store, "tickets")
    assert served is not None
    if is_published:
        serving.check_better(served, about(got), tmp_path / "run")
        return
    with pytest.raises(UsageError, match=f"test_accuracy is {got:g}, that of tickets:1.*0.9;.*run"):
        serving.check_better(served, about(got), tmp_path / "run")


def test_graph_that_is_not_the_net_ends_in_a_line_and_a_status(caplog):
    def main(_):
        raise ParityError("probabilities differ by 1")

    assert run_script(main, []) == 1
    assert caplog.messages[0].startswith("error: probabilities differ by 1; the run's folder has")


def test_model_that_is_not_there_yet_is_not_compared(tmp_path):
    assert serving.served_version(Store(tmp_path / "none"), "tickets") is None
    assert serving.served_version(Store(tmp_path), "tickets") is None


def test_version_that_a_promotion_keeps_from_being_served_is_told(tmp_path, caplog):
    for _ in range(2):
        stored = publish_classifier(tmp_path, "tickets")
    Store(tmp_path).promote("tickets", 1)
    with caplog.at_level(logging.INFO, "training.cli"):
        cli.say_published(stored, "example")

    assert "tickets stays at version 1" in caplog.text
    assert "model_store promote tickets 2" in caplog.text


def test_what_makes_a_version_quicker_is_told_as_a_command_that_works(tmp_path, caplog):
    stored = publish_classifier(tmp_path, "tickets")
    with caplog.at_level(logging.INFO, "training.cli"):
        cli.say_published(stored, "example")

    [line] = [one for one in caplog.messages if "8 bits" in one]
    words = shlex.split(line.partition("python -m model_store ")[2])
    assert model_store_main(words) == 0
    assert Store(tmp_path).open("tickets").version == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "stopped; nothing was published"), ("stopped; x is kept", "stopped; x is kept")],
)
def test_interrupt_ends_with_code_130_and_says_what_was_kept(text, said, caplog):
    def main(_):
        raise KeyboardInterrupt(text)

    assert run_script(main, []) == 130
    assert caplog.messages == [said]


@pytest.mark.parametrize("script", ["train_classifier", "train_generator", "evaluate"])
def test_script_without_the_packages_of_training_names_the_way_to_get_them(script):
    """Python's -S leaves out the folder of installed packages."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", f"training.{script}", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "lacks the packages of training: set them up with `make train-setup`" in done.stderr
