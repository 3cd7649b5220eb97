"""The commands of docs/migrate.md and the README, run in order on files of real Keras and torch."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch

from model_store import Store
from tests.e2e.conftest import ROOT
from tests.model_store.importing.architectures import probabilities

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]
PAGE = (ROOT / "docs" / "migrate.md").read_text()
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
NAMED = re.compile(r"# ([\w.]+)")
VOCABULARY = ["<pad>", "<unk>", "good", "bad", "film", "one"]


def section(heading, page=PAGE):
    """The blocks of a section: files by name, and commands in order."""
    text = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    assert text, heading
    files, commands = {}, []
    for language, content in BLOCK.findall(text[1]):
        name = NAMED.match(content)
        if language in ("python", "toml") and name:
            files[name[1]] = content
        elif language == "bash":
            commands.append(content)
    return files, commands


def run(commands, folder, store=None, address="http://127.0.0.1:1"):
    """Run commands of the page in a folder, against a store of the tests; return what they say."""
    python = f"{sys.executable} -m model_store --store {store} import"
    commands = commands.replace(".venv/bin/python -m model_store import", python)
    commands = commands.replace("http://127.0.0.1:8000", address)
    home = {"KERAS_BACKEND": "torch", "KERAS_HOME": str(folder), "PYTHONPATH": str(ROOT)}
    home |= {"OMP_NUM_THREADS": "1"}  # threads wait for each other at each step
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=os.environ | home,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def run_in(tmp_path, shared_store):
    """Runs commands in the test's folder."""
    return lambda commands, address="": run(commands, tmp_path, shared_store, address)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What the page's scripts write: `model.keras`, `tokenizer.json`, `expected.json`."""
    folder = tmp_path_factory.mktemp("trained")
    files, _ = section("From the Keras snippet")
    (folder / "all.py").write_text(files["train.py"] + files["expected.py"])
    run(f"{sys.executable} all.py", folder)
    return folder


@pytest.fixture
def keras_files(trained, tmp_path):
    """A copy of them in the test's folder."""
    for name in ("model.keras", "tokenizer.json", "expected.json"):
        shutil.copy(trained / name, tmp_path)


def newest(store):
    return Store(store).versions("mine")[-1]


@pytest.mark.usefixtures("keras_files")
def test_the_keras_snippet_goes_from_fit_to_curl(run_in, tmp_path, shared_store, served):
    _, commands = section("From the Keras snippet")
    imports = [one for one in commands if "model_store import" in one]
    (curl,) = (one for one in commands if one.startswith("curl"))

    out = [run_in(one) for one in imports]

    assert "published mine:" in out[0]
    assert "those of its own framework" in out[1]
    expected = json.loads((tmp_path / "expected.json").read_bytes())
    answer = served(newest(shared_store), expected["texts"])
    got = np.array([one["probs"] for one in answer["data"]])
    assert np.abs(got - probabilities(np.array(expected["outputs"]))).max() < 1e-5
    told = json.loads(run_in(curl, served.address()))
    assert [one["probs"] for one in told["data"]] == [got[0].tolist(), got[1].tolist()]
    (predict,) = section("From TensorFlow Serving")[1]
    rows = json.loads(run_in(predict, served.address()))["predictions"]
    assert [row["label"] for row in rows] == [one["label"] for one in told["data"]]


@pytest.mark.usefixtures("keras_files")
def test_the_five_lines_of_the_readme_go_from_fit_to_curl(run_in, shared_store, served):
    text = re.search(r"^## Bring the model you have\n(.*?)^## ", README, re.DOTALL | re.MULTILINE)
    assert text
    (python, bash) = (content.strip() for _, content in BLOCK.findall(text[1]))
    command, serve, curl = bash.split("\n")
    files, _ = section("From the Keras snippet")

    run_in(command)
    served(newest(shared_store), ["warm"])
    answer = json.loads(run_in(curl, served.address()))

    assert files["train.py"].endswith(f"\n{python}\n"), "the lines that wrote the files"
    assert len(python.split("\n")) == 2
    assert serve.startswith("make serve")
    assert answer["data"][0]["label"] in ("negative", "positive")


def torch_files(tmp_path, files):
    """Write the page's files, and an archive of TorchServe with the weights of its class."""
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    scope: dict = {}
    exec(files["net.py"], scope)
    torch.manual_seed(0)
    net = scope["Net"]()
    torch.save(net.state_dict(), tmp_path / "weights")
    with zipfile.ZipFile(tmp_path / "model.mar", "w") as archive:
        archive.write(tmp_path / "weights", "model.pt")
        archive.writestr("vocabulary.txt", "\n".join(VOCABULARY))
        archive.writestr("handler.py", "raise SystemExit")
        archive.writestr("MAR-INF/MANIFEST.json", "{}")
    return net.eval()


def test_a_torchserve_archive_is_taken_apart_and_answers_as_torch_does(
    run_in, tmp_path, shared_store, served
):
    files, (unpack, command) = section("From TorchServe, or PyTorch")
    torch_files(tmp_path, files)
    run_in(unpack)
    run_in(f"{sys.executable} expected.py")

    out = run_in(command.strip() + " --expected expected.json")

    assert "those of its own framework" in out
    expected = json.loads((tmp_path / "expected.json").read_bytes())
    answer = served(newest(shared_store), expected["texts"])
    got = np.array([one["probs"] for one in answer["data"]])
    wanted = torch.softmax(torch.tensor(expected["outputs"]), 1).numpy()
    assert np.abs(got - wanted).max() < 1e-5


def test_answers_of_another_network_are_refused(run_in, tmp_path, shared_store):
    """The proof notices what a layout says wrong: here how states are pooled."""
    files, (unpack, command) = section("From TorchServe, or PyTorch")
    torch_files(tmp_path, files)
    run_in(unpack)
    run_in(f"{sys.executable} expected.py")
    layout = (tmp_path / "layout.toml").read_text()
    (tmp_path / "layout.toml").write_text(layout.replace('"last"', '"max"'))

    with pytest.raises(AssertionError, match=r"differ from those in expected\.json by"):
        run_in(command.strip() + " --expected expected.json")


@pytest.mark.usefixtures("keras_files")
def test_other_padding_than_the_frameworks_is_noticed(run_in):
    _, commands = section("From the Keras snippet")
    (command,) = (one for one in commands if "--expected" in one)

    with pytest.raises(AssertionError, match="text 0 becomes other token ids"):
        run_in(command.strip() + " --padding post")


def test_an_onnx_graph_of_the_pages_network_is_imported(run_in, tmp_path, shared_store, served):
    files, _ = section("From TorchServe, or PyTorch")
    net = torch_files(tmp_path, files)
    (tmp_path / "vocabulary.txt").write_text("\n".join(VOCABULARY))

    class ByIds(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, token_ids):
            _, (hidden, _) = self.net.lstm(self.net.embedding(token_ids))
            last = torch.cat([hidden[-2], hidden[-1]], dim=1)
            return self.net.fc2(torch.relu(self.net.fc1(last)))

    torch.onnx.export(
        ByIds().eval(), (torch.ones(1, 4, dtype=torch.long),), tmp_path / "model.onnx",
        dynamo=False, input_names=["ids"], output_names=["logits"],
        dynamic_axes={"ids": [0, 1], "logits": [0]},
    )  # fmt: skip
    (command,) = section("From ONNX")[1]

    run_in(command)

    with torch.inference_mode():
        wanted = torch.softmax(net(torch.tensor([[2, 4]]), torch.tensor([2])), 1)[0]
    (got,) = served(newest(shared_store), ["good film"])["data"]
    assert np.abs(np.array(got["probs"]) - wanted.numpy()).max() < 1e-5
