"""Every command of the pages is run, or read by the parser that it is for; curl answers as shown.

The README's are run in order, as somebody does who has just cloned the repository.
"""

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from model_store import __main__ as model_store_main
from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.e2e

CHANGING = {"id", "created", "request_id"}  # differ from call to call
BLOCK = re.compile(r"```bash\n((?:(?!```).)*?)```\n(?:\n```json\n(.*?)```\n)?", re.DOTALL)
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "bench" / "README.md"]
CURLS = [
    pytest.param(commands, answer, id=f"{page.stem}-{place}")
    for page in PAGES
    for place, (commands, answer) in enumerate(BLOCK.findall(page.read_text()))
    if re.search(r"^curl ", commands, re.MULTILINE)
    and page.stem != "add-a-task"  # followed by a test of its own
    and "docker" not in commands
]
COMMANDS = [
    pytest.param(shlex.split(line, comments=True), id=f"{page.stem}-{line[:60]}")
    for page in [*PAGES, *sorted((ROOT / "training" / "cards").glob("*.md"))]
    for commands, _ in BLOCK.findall(page.read_text())
    for line in commands.replace("\\\n", " ").splitlines()
    if line.startswith((".venv/bin/python -m ", "python -m ", "make "))
    and page.stem != "add-a-task"
]
TRAINERS = {
    "training.train_classifier": "text_classification",
    "training.train_generator": "text_generation",
    "training.train_tagger": "token_classification",
    "training.train_captioner": "image_captioning",
    "training.train_translator": "translation",
}
OF_TICKETS = '"model": "tickets"'  # which the training before it makes


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The files that Git has, as a clone has them, set up already."""
    folder = tmp_path_factory.mktemp("clone")
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture(scope="module")
def clone_url(clone, live_service):
    """A service of the clone's models, which takes up what is trained there at once."""
    return live_service(clone / "model_store" / "models", {"STORE_POLL_S": "0.1"})


def steady(value):
    """The same answer without what changes from call to call, numbers rounded."""
    if isinstance(value, dict):
        return {key: steady(item) for key, item in value.items() if key not in CHANGING}
    if isinstance(value, list):
        return [steady(item) for item in value]
    return round(value, 3) if isinstance(value, float) else value


def run(commands, url, cwd=ROOT):
    commands = commands.replace("http://127.0.0.1:8000", url)
    kept = {key: value for key, value in os.environ.items() if key != "DATA_DIR"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        capture_output=True, text=True, timeout=300, cwd=cwd, env=kept,
    )  # fmt: skip
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def wait_for(name, url):
    """Return once a service has taken a new model up."""
    until = time.monotonic() + 60
    while name not in requests.get(f"{url}/v1/models", timeout=30).text:
        assert time.monotonic() < until, f"{name} is not served"
        time.sleep(0.1)


def test_pages_have_examples_with_answers():
    assert sum(bool(case.values[1]) for case in CURLS) >= 3
    assert len(COMMANDS) >= 10


def test_the_commands_of_the_readme_run_in_order_from_a_bare_clone(clone, clone_url):
    """What sets up is left to `make`, which the machine of the tests has done; the rest is run."""
    for commands, answer in BLOCK.findall(README):
        lines = [line for line in commands.splitlines() if not line.startswith("make ")]
        if not lines:
            continue
        if OF_TICKETS in commands:
            wait_for("tickets", clone_url)
        got = run("\n".join(lines), clone_url, clone)
        if answer:
            assert steady(json.loads(got)) == steady(json.loads(answer))
    assert (clone / "model_store/models/tickets/1/manifest.json").exists()


@pytest.mark.parametrize(("commands", "answer"), CURLS)
def test_curl_example_answers_as_shown(clone_url, commands, answer):
    if OF_TICKETS in commands:
        return  # run above, once it is trained
    got = run(commands, clone_url)
    if answer:
        assert steady(json.loads(got)) == steady(json.loads(answer))


@pytest.mark.parametrize("argv", COMMANDS)
def test_command_of_a_page_is_one(argv):
    if argv[0] == "make":
        wanted = [word for word in argv[1:] if "=" not in word]
        assert set(wanted) <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
        return
    module, given = argv[2], argv[3:]
    if module in TRAINERS:
        importlib.import_module(f"training.tasks.{TRAINERS[module]}.flags").parse(given)
    elif module in ("training.evaluate", "training.republish"):
        importlib.import_module(module).build_parser().parse_args(given)
    elif module == "model_store":
        model_store_main._parser().parse_args(given)
    else:
        assert Path(ROOT / f"{module.replace('.', '/')}.py").exists() or importlib.import_module(
            f"{module}.__main__"
        )
