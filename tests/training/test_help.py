"""`--help` of every script: at once, short, with all defaults; mistakes name the flag."""

import argparse
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from training import evaluate, gradients, long_range, republish

ROOT = Path(__file__).resolve().parents[2]
TASKS = {
    "train_captioner": "image_captioning",
    "train_classifier": "text_classification",
    "train_generator": "text_generation",
    "train_tagger": "token_classification",
    "train_translator": "translation",
}
PARSERS = {
    name: import_module(f"training.tasks.{task}.flags").build_parser for name, task in TASKS.items()
}
PARSERS |= {
    script.__name__.rpartition(".")[2]: script.build_parser
    for script in (evaluate, gradients, long_range, republish)
}
SLOW = ("torch", "lightning", "onnx", "sklearn", "matplotlib", "scipy", "pandas")
ASK = """
import runpy, sys
sys.argv = ["x", "--help"]
try:
    runpy.run_module("training.{name}", run_name="__main__")
except SystemExit:
    print("LOADED", *(name for name in {slow} if name in sys.modules))
"""


def test_every_script_is_looked_at():
    scripts = {path.stem for path in (ROOT / "training").glob("*.py")
               if "sys.exit(run_script(main" in path.read_text()}  # fmt: skip

    assert scripts == set(PARSERS)


@pytest.mark.parametrize("name", PARSERS)
def test_help_comes_before_anything_slow_is_imported(name):
    """It took six seconds, all of them PyTorch's."""
    code = ASK.format(name=name, slow=SLOW)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)

    assert done.stdout.splitlines()[-1] == "LOADED"


@pytest.mark.parametrize("name", PARSERS)
def test_usage_is_short_and_lists_what_must_be_given(name):
    text = PARSERS[name]().format_help()
    usage = text.partition("\n\n")[0]

    assert usage.startswith(f"usage: python -m training.{name} ")
    assert len(usage.splitlines()) <= 3
    assert usage.endswith("[FLAG ...]")
    assert ("--data SOURCE" in usage) == (name in {*TASKS, "evaluate"})


@pytest.mark.parametrize("name", PARSERS)
def test_every_flag_has_its_meaning_and_its_default(name):
    shown = " ".join(PARSERS[name]().format_help().split())
    for action in PARSERS[name]()._actions:
        assert action.help, action.dest
        numbers = isinstance(action.default, int | float) and not isinstance(action.default, bool)
        if numbers or (isinstance(action.default, str) and action.default != argparse.SUPPRESS):
            assert f"(default: {action.default})" in shown, action.dest


def test_what_the_data_choose_is_told_so():
    shown = " ".join(PARSERS["train_generator"]().format_help().split())

    assert "--max-epochs MAX_EPOCHS passes over the data (default: by the data)" in shown


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("--epochs", "--max-epochs"),
        ("--epochs=3", "--max-epochs"),
        ("--lerning-rate", "--learning-rate"),
        ("--epoch", "--max-epochs"),  # it was taken for --epoch-decay
        ("--hidden", "--hidden-size"),
    ],
)
def test_mistyped_flag_is_told_with_the_one_that_was_meant(given, meant, capsys):
    with pytest.raises(SystemExit) as left:
        PARSERS["train_classifier"]().parse_args(["--data", "x", "--name", "y", given, "3"])

    flag = given.partition("=")[0]
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith(f"error: there is no {flag}; did you mean {meant}?")


def test_flag_like_no_other_is_told_as_it_is(capsys):
    with pytest.raises(SystemExit):
        PARSERS["evaluate"]().parse_args(["x", "--data", "y", "--qqqq"])
    assert "error: unrecognized arguments: --qqqq (" in capsys.readouterr().err


def test_help_into_a_pipe_that_closes_early_is_quiet():
    command = f"{sys.executable} -m training.train_classifier --help | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True
    )

    assert done.stdout.startswith("usage: ")
    assert done.stderr == ""


def test_ctrl_c_while_packages_are_imported_ends_in_a_line(tmp_path):
    """It ended in forty lines of them."""
    interrupt = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)\n"
    (tmp_path / "torch.py").write_text(interrupt)
    done = subprocess.run(
        [sys.executable, "-m", "training.train_tagger", "--data", "x", "--name", "y"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )

    assert done.returncode == 130
    assert done.stderr == "stopped; nothing was published\n"
