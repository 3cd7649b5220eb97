import os
import signal
import subprocess
import sys

import pytest

from model_store import Canary, Dataset, ServingPlan
from model_store.__main__ import REMEDY, main
from model_store.tables import table
from tests.model_store.conftest import about, classifier_files


@pytest.fixture
def run(store, capsys):
    """Run a command on the store; return its exit code, output and error output."""

    def run(*argv):
        code = main([*argv, "--store", str(store.root)])
        return code, *capsys.readouterr()

    return run


def lines_of(text):
    return [line.split() for line in text.splitlines()]


def test_list_shows_every_version_and_what_it_is_served_as(publish, store, run):
    publish(0.8), publish(0.9), publish(0.7), publish(name="other")
    canary = Canary(version=3, weight=0.05)
    store.write_serving(
        "film", ServingPlan(default=2, canary=canary, labels={"stable": 2}, shadow=1, also=(1,))
    )

    code, output, _ = run("list")

    assert code == 0
    header, *rows = output.splitlines()
    assert header.split() == ["model", "task", "published", "size", "figure", "served", "as"]
    assert [row.split()[0] for row in rows] == ["film:1", "film:2", "film:3", "other:1"]
    ends = ["0.8  shadow, also", "0.9  default, stable", "0.7  canary 0.05", "default"]
    assert all(row.endswith(end) for row, end in zip(rows, ends, strict=True))


def test_list_can_show_one_model(publish, run):
    publish(), publish(name="other")

    code, output, _ = run("list", "other")

    assert code == 0
    assert "other:1" in output
    assert "film" not in output


def test_list_goes_on_after_what_cannot_be_read(publish, store, run):
    publish(), publish(), publish(name="other"), publish(name="third"), publish(name="truncated")
    (store.root / "film" / "1" / "manifest.json").write_bytes(b"broken")
    (store.root / "other" / "serving.json").write_bytes(b"broken")
    (store.root / "truncated" / "1" / "model.onnx").write_bytes(b"x")

    code, output, _ = run("list")

    assert code == 0
    _, broken, sound, unplanned, third, truncated = output.splitlines()
    assert broken.split() == ["film:1", "-", "-", "-", "-", "damaged,", "see", "verify"]
    assert sound.endswith("default")
    assert unplanned.endswith("serving.json is invalid, see verify")
    assert third.endswith("default")
    assert truncated.endswith("default, damaged, see verify")


def test_list_says_when_there_is_nothing(store, run):
    store.root.mkdir()

    assert run("list") == (0, f"no models in {store.root}\n", "")


def test_show_tells_what_a_version_is(store, run):
    said = about(
        0.875,
        command="python -m training.train_classifier --data imdb",
        libraries={"torch": "2.13.0"},
        datasets=(Dataset(name="imdb", split="train", rows=25_000),),
    )
    version = store.publish("film", classifier_files(), said)

    code, output, _ = run("show", "film")

    assert code == 0
    rows = lines_of(output)
    assert ["model", "film:1"] in rows
    assert ["served", "as", "default"] in rows
    assert ["libraries", "torch", "2.13.0"] in rows
    assert ["labels", '["negative",', '"positive"]'] in rows
    assert ["test_accuracy", "0.875"] in rows
    assert ["imdb", "train", "25000"] in rows
    assert ["model.onnx", "256", version.manifest.files["model.onnx"].sha256] in rows
    assert "--data imdb" in output


def test_show_takes_a_version_either_way_and_says_when_it_is_not_served(publish, run):
    publish(), publish()

    assert run("show", "film:1") == run("show", "film", "1")
    assert ["served", "as", "not", "served"] in lines_of(run("show", "film:1")[1])


def test_verify_says_ok(publish, run):
    publish(), publish()

    assert run("verify") == (0, "film:1: ok\nfilm:2: ok\n", "")
    assert run("verify", "film:2") == (0, "film:2: ok\n", "")


def test_verify_says_per_file_what_is_wrong(publish, store, run):
    publish(), publish(), publish(name="other")
    (store.root / "film" / "1" / "model.onnx").write_bytes(b"x")
    (store.root / "film" / "1" / "extra").write_bytes(b"x")
    (store.root / "film" / "7").mkdir()
    (store.root / "film" / "serving.json").write_bytes(b'{"default": 9}')

    expected = [
        "film:1: refused",
        "  model.onnx: truncated: 1 of 256 bytes",
        "  extra: unexpected file",
        "film:2: ok",
        "film:7: refused",
        "  manifest.json: missing",
        "film: serving.json: refused",
        "  version 9 does not exist; there are 1, 2",
    ]
    assert run("verify", "film") == (1, "\n".join([*expected, REMEDY]) + "\n", "")
    assert run("verify")[1].splitlines() == [*expected, "other:1: ok", REMEDY]
    assert "git restore" in REMEDY
    assert run("verify", "other")[0] == 0


def test_promote_and_rollback_say_what_changed(publish, store, run):
    publish(0.8), publish(0.9)
    store.write_serving("film", ServingPlan(default=1))

    assert run("promote", "film:2") == (0, "film: the default is version 2 (before: 1)\n", "")
    assert run("rollback", "film") == (0, "film: the default is version 1 (before: 2)\n", "")
    assert run("promote", "film", "2")[0] == 0


def test_rollback_without_a_former_default_says_what_it_did_instead(publish, run):
    publish(), publish()
    code, output, _ = run("rollback", "film")
    assert code == 0
    assert output.splitlines() == [
        "film: the default is version 1 (before: 2)",
        "no former default is on record: this is the highest sound version below",
    ]


def test_promote_refuses_a_worse_version_and_names_the_flag(publish, store, run):
    publish(0.9), publish(0.8)
    store.write_serving("film", ServingPlan(default=1))

    code, output, error = run("promote", "film:2")
    assert (code, output) == (1, "")
    assert "film:2 has test_accuracy 0.8" in error
    assert "--force" in error
    assert run("promote", "film:2", "--force")[0] == 0


def test_prune_says_what_it_deleted(publish, store, run):
    for _ in range(4):
        publish()

    code, output, _ = run("prune", "film", "--keep", "2")

    assert code == 0
    assert output == "deleted film:1\ndeleted film:2\nfilm: 2 deleted, 2 kept\n"
    assert store.versions("film") == [3, 4]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["show", "flim"], "error: no model 'flim' in the store; there are: film"),
        (["show", "film:9"], "error: film has no version 9; there are 1"),
        (["show", "film:01"], "error: version '01' is not allowed: use an integer from 1 up"),
        (["show", "../film"], "error: model name '../film' is not allowed"),
        (["list", "Film"], "error: model name 'Film' is not allowed"),
        (["promote", "film:1", "2"], "error: two versions are named, 1 and 2: leave one out"),
        (["promote", "film"], "error: say which version: promote film:VERSION"),
        (["rollback", "film"], "error: film: no former default"),
    ],
)
def test_what_was_refused_is_told_without_a_traceback(publish, run, argv, message):
    publish()

    code, output, error = run(*argv)

    assert (code, output) == (1, "")
    assert error.startswith(message)
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "argv",
    [[], ["destroy"], ["prune", "film"], ["prune", "film", "--keep", "0"], ["promote"]],
    ids=" ".join,
)
def test_a_wrong_command_line_ends_with_2(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        main(argv)

    assert ended.value.code == 2
    assert "usage: python -m model_store" in capsys.readouterr().err


def test_a_store_that_is_not_there_is_told(run):
    code, _, error = run("list")

    assert code == 1
    assert "cannot be read now: No such file or directory" in error


def test_it_runs_as_a_module_with_the_store_named_first(publish, store):
    publish()
    command = [sys.executable, "-m", "model_store", "--store", str(store.root), "verify"]

    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout, result.stderr) == (0, "film:1: ok\n", "")


def test_an_interrupted_command_ends_with_130_and_no_traceback(publish, store, tmp_path):
    publish()
    texts = tmp_path / "texts.csv"
    os.mkfifo(texts)
    command = [sys.executable, "-m", "model_store", "--store", str(store.root)]
    command += ["quantize", "film", "--data", str(texts)]

    with (
        subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, preexec_fn=_as_in_a_terminal
        ) as process,
        texts.open("w"),
    ):  # there is a reader now
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()

    assert (process.returncode, said) == (130, "stopped before it was done\n")
    assert store.versions("film") == [1]


def _as_in_a_terminal():
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_columns_line_up():
    assert table(["a", "bb"], [("long", 1), ("", 22)]) == "a     bb\nlong  1\n      22"
