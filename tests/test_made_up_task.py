"""`docs/add-a-task.md`, followed: a task that is made up here trains, is published, loads, answers
and is shown everywhere, and not one file of the project is changed for it.
"""

import csv
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.conftest import free_port

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/add-a-task.md"
EXAMPLE = ROOT / "docs/example-task"
PATIENCE_S = 60
PACKAGES = ("model_store", "recurrent", "service", "training")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with the example's files beside its own."""
    project = tmp_path_factory.mktemp("project")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "models")
        shutil.copytree(ROOT / package, project / package, ignore=ignored)
    for file in EXAMPLE.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            target = project / file.relative_to(EXAMPLE)
            assert not target.exists(), f"{target} is the project's own"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return project


@pytest.fixture(scope="module")
def stored(project):
    """The model that the page's command trains: a text's score is how many good words it has."""
    draw = random.Random(0)
    with (project / "stars.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "score"])
        for _ in range(300):
            words = draw.choices(["good", "dull", "film", "a"], k=6)
            rows.writerow([" ".join(words), words.count("good")])
    [command] = re.findall(r"python (-m training\S*train .*)", PAGE.read_text())
    more = ["--store", "models", "--learning-rate", "0.02", "--hidden-size", "16"]
    run_in(project, sys.executable, *command.split(), *more)
    [version] = (project / "models/stars").glob("1")
    return version


def run_in(project, *command):
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=300, env=environment(project)
    )
    assert done.returncode == 0, done.stderr
    return done


def environment(project, **more):
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return kept | {"PYTHONPATH": str(project)} | more


@pytest.fixture(scope="module")
def url(project, stored):
    """The address of a service that serves it."""
    port = free_port()
    more = {"STORE_DIR": "models", "PORT": str(port), "WORKERS": "1"}
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "service/gunicorn.conf.py"]
    service = subprocess.Popen(
        gunicorn, cwd=project, env=environment(project, **more), stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: service.poll() is None and answers(f"{address}/readyz"))
        yield address
    finally:
        service.terminate()
        service.wait(30)


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "the service is not ready"
        time.sleep(0.1)


def answers(address):
    try:
        get(address)
    except OSError:
        return False
    return True


def get(address):
    with urllib.request.urlopen(address, timeout=30) as answer:
        return json.load(answer)


def post(address, body):
    headers = {"content-type": "application/json"}
    asked = urllib.request.Request(address, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def test_it_trains_and_is_published_with_a_card(stored):
    manifest = json.loads((stored / "manifest.json").read_text())
    assert manifest["task"] == "text-scoring"
    assert manifest["metrics"]["mean_error"] < 0.5
    assert "/v1/score" in (stored / "README.md").read_text()


def test_it_answers_by_the_page_s_own_request(url):
    [body] = re.findall(r"/v1/score.*?-d '(.*?)'", PAGE.read_text(), re.DOTALL)
    good = post(f"{url}/v1/score", json.loads(body))
    dull = post(f"{url}/v1/score", {"input": "dull dull"})
    assert good["model"] == "stars"
    assert good["score"] > dull["score"]


def test_it_is_asked_with_tensors(url):
    tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["good good", "dull"]}
    [output] = post(f"{url}/v2/models/stars/infer", {"inputs": [tensor]})["outputs"]
    assert output["data"][0] > output["data"][1]


def test_it_is_listed_and_documented(url):
    [model] = get(f"{url}/v1/models")["data"]
    assert (model["id"], model["task"], model["state"]) == ("stars", "text-scoring", "ready")
    operation = get(f"{url}/openapi.json")["paths"]["/v1/score"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["examples"]


def test_it_has_a_panel_on_the_page(url):
    asked = urllib.request.Request(f"{url}/", headers={"accept": "text/html"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        page = answer.read().decode()
    assert re.search(r'id="tab-scoring"[^>]*>Score<', page)
    [module] = re.findall(r'data-module="([^"]*scoring/panel.js)"', page)
    with urllib.request.urlopen(f"{url}/{module}", timeout=30) as answer:
        assert b"text-scoring" in answer.read()


def test_its_faults_are_told_as_all_are(url):
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(f"{url}/v1/score", {"input": 5})
    assert json.load(refused.value)["error"]["param"] == "input"
