"""Real Keras and torch, the store's own command, and a service that sees what it publishes."""

import importlib
import os
import time
import warnings

import pytest
import requests
import torch

from model_store.__main__ import main
from tests.e2e.conftest import LiveProcess, processes

PATIENCE_S = 30


@pytest.fixture(scope="session")
def keras(tmp_path_factory):
    """Keras 3 over torch; its files of settings go to a folder of the tests."""
    os.environ["KERAS_BACKEND"] = "torch"
    os.environ["KERAS_HOME"] = str(tmp_path_factory.mktemp("keras"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = importlib.import_module("keras")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two of them wait for each other at every step of a tiny network
    yield made
    torch.set_num_threads(threads)


@pytest.fixture
def run_import(tmp_path, capsys):
    """Runs `python -m model_store import`; returns its exit status and what it wrote."""

    def run(*args, store=tmp_path / "store", name="mine"):
        arguments = ["--store", str(store), "import", *map(str, args), "--name", name]
        status = main(arguments)
        written = capsys.readouterr()
        return status, written.out, written.err

    return run


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory):
    """A store that a live service watches."""
    return tmp_path_factory.mktemp("watched") / "store"


@pytest.fixture(scope="module")
def served(tmp_path_factory, shared_store):
    """A function that asks a real service, once it serves a version, about texts or numbers."""
    with processes(tmp_path_factory) as start:
        live: list[LiveProcess] = []

        def ask(version, inputs, name="mine", **fields):
            env = {"STORE_POLL_S": "0.05", "DEFAULT_CLASSIFIER": name}
            if not live:
                live.append(start(shared_store, env))
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until:
                body = {"model": f"{name}:{version}", "input": inputs, **fields}
                answer = requests.post(f"{live[0].base_url}/v1/classify", json=body, timeout=30)
                if answer.status_code not in (404, 503) and answer.json().get("version") == version:
                    return answer.json()
                if answer.status_code in (400, 422):
                    return answer.json()
                time.sleep(0.05)
            raise AssertionError(f"version {version} was not served: {answer.text}")

        ask.address = lambda: live[0].base_url  # type: ignore[attr-defined]
        yield ask
