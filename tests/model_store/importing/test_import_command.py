"""The command line of an import: what its flags take, and how it ends."""

import os
import signal
import subprocess
import sys

import pytest

from model_store.__main__ import main
from tests.model_store.importing.onnx_graphs import write_graph

WORDS = "<pad>\n<unk>\ngood\nbad\nfilm\na"


@pytest.fixture
def import_graph(run_import, tmp_path):
    (tmp_path / "words.txt").write_text(WORDS)
    write_graph(tmp_path / "net.onnx")

    def run(*flags, file="net.onnx"):
        words = ("--vocabulary", tmp_path / "words.txt", "--maxlen", 9, "--logits")
        return run_import(tmp_path / file, *words, *flags)

    return run


@pytest.mark.parametrize("value", ["0", "-1", "100001", "abc", "1.5", "", "9" * 5_000])
def test_a_maxlen_that_cannot_be_is_told_with_its_limits(capsys, value):
    with pytest.raises(SystemExit) as ended:
        main(["import", "model.keras", "--name", "mine", f"--maxlen={value}"])

    last = capsys.readouterr().err.splitlines()[-1]
    assert ended.value.code == 2
    assert "argument --maxlen: " in last
    assert "is not a whole number, 1 to 100,000" in last


def test_a_flag_that_says_nothing_of_such_a_file_is_not_passed_over(import_graph, tmp_path):
    (tmp_path / "layout.toml").write_text("")

    status, _, error = import_graph("--layout", tmp_path / "layout.toml")

    assert status == 1
    assert "--layout: it is for files of PyTorch, and net.onnx is of ONNX. Leave it out" in error


@pytest.mark.parametrize("flag", ["--standardize=lower", "--split=character", "--unknown=x"])
def test_a_flag_of_vocabularies_is_not_passed_over_beside_a_tokenizer(run_import, tmp_path, flag):
    write_graph(tmp_path / "net.onnx")

    status, _, error = run_import(tmp_path / "net.onnx", "--tokenizer", "nowhere.json", flag)

    assert status == 1
    assert f"{flag.partition('=')[0]}: it goes with --vocabulary" in error


@pytest.mark.parametrize("label", ["line\nbreak", "\x1b[31mred", "half\udcff", "x" * 201])
def test_a_label_that_a_page_or_terminal_cannot_show_is_refused(import_graph, tmp_path, label):
    status, _, error = import_graph("--labels", f"good,{label}")

    assert status == 1
    assert error.startswith("error: --labels: ")
    assert error.count("\n") == 1
    assert not (tmp_path / "store").exists()


def test_a_suffix_may_be_in_capitals(import_graph, tmp_path):
    (tmp_path / "net.onnx").rename(tmp_path / "NET.ONNX")

    assert import_graph(file="NET.ONNX")[0] == 0


@pytest.mark.parametrize("name", ["half\udcff.onnx", "two\nlines `x`.onnx"], ids=ascii)
def test_a_file_may_have_any_name(import_graph, tmp_path, name):
    (tmp_path / "net.onnx").rename(tmp_path / name)

    status, out, error = import_graph(file=name)

    assert status == 0, error
    assert out.startswith(f"{ascii(name)[1:-1]} (")
    assert ascii(name)[1:-1] in (tmp_path / "store/mine/1/README.md").read_text()


def test_a_terminal_without_the_characters_of_a_name_shows_them_escaped(tmp_path):
    write_graph(tmp_path / "модель.onnx")
    (tmp_path / "words.txt").write_text(WORDS)
    command = [sys.executable, "-m", "model_store", "--store", str(tmp_path / "store"), "import",
               str(tmp_path / "модель.onnx"), "--name", "mine", "--logits", "--maxlen", "9",
               "--vocabulary", str(tmp_path / "words.txt")]  # fmt: skip

    done = subprocess.run(
        command, env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(r"\u043c\u043e")


def test_ctrl_c_ends_an_import_in_one_line_and_publishes_nothing(tmp_path):
    """It waits for a vocabulary that never comes: opening the pipe tells that it does."""
    write_graph(tmp_path / "net.onnx")
    os.mkfifo(tmp_path / "words.txt")
    command = [sys.executable, "-m", "model_store", "--store", str(tmp_path / "store"), "import",
               str(tmp_path / "net.onnx"), "--name", "mine", "--vocabulary",
               str(tmp_path / "words.txt")]  # fmt: skip
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process,
        (tmp_path / "words.txt").open("wb"),
    ):
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)

    assert process.returncode == 130
    assert error == "stopped before it was done\n"
    assert not (tmp_path / "store").exists()


def test_help_shows_a_whole_command(capsys):
    with pytest.raises(SystemExit):
        main(["import", "--help"])

    words = " ".join(capsys.readouterr().out.split())
    assert "model.keras --name mine --tokenizer tokenizer.json --maxlen 150" in words
