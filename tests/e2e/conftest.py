"""A real gunicorn on a free port, over tiny models or over `FakeEngine`."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from model_store import About, PrimaryMetric, ServingPlan, Store
from tests.fake_cards import PNG, TEXT
from tests.models import publish_classifier, publish_generator

ROOT = Path(__file__).resolve().parents[2]
CONF = "service/gunicorn.conf.py"
GUNICORN = [sys.executable, "-m", "gunicorn", "-c"]
FAKE_APP = "tests.e2e.fake_service:build()"
START_PATIENCE_S = 60


class LiveProcess:
    """A running service: its address, its master process and what it logged."""

    def __init__(self, env, app, log_path, conf=CONF):
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log_path = log_path
        environment = os.environ | {"PORT": str(self.port), "WORKERS": "1"} | env
        self._num_workers = int(environment["WORKERS"])
        with log_path.open("wb") as log:
            command = [*GUNICORN, conf, *([app] if app else [])]
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stderr=log, process_group=0
            )

    def wait_until_ready(self):
        """Return once a worker is ready and all have begun; fail with the log if that never is."""
        until = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(requests.RequestException):
                is_ready = requests.get(f"{self.base_url}/readyz", timeout=5).status_code == 200
                if is_ready and len(self.worker_pids()) >= self._num_workers:
                    return
            time.sleep(0.05)
        pytest.fail(f"the service did not become ready:\n{self.log_path.read_text()}")

    def stop(self, patience_s=20):
        """Ask it to end, wait until it has, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def logged(self):
        """Every line of the log, decoded, but for one that is just being written."""
        whole, _, _ = self.log_path.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def worker_pids(self):
        """The workers that run now."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


def free_port():
    """A port that the kernel gives to nobody else while the tests run.

    It stays bound, which does not keep a server from it that listens with `SO_REUSEADDR`.
    """
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    port = kept.getsockname()[1]
    kept.detach()  # left open
    return port


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory):
    """A store of tiny models: `sentiment`, `shakespeare` and `names`."""
    root = tmp_path_factory.mktemp("store")
    publish_classifier(root)
    publish_generator(root)
    publish_generator(root, "names", seed=1, prompts=("Italian", "Polish"))
    return root


@pytest.fixture(scope="session")
def carded_store(tmp_path_factory):
    """A store of `sentiment`: version 1 has no card and is served, version 2 has one and is not."""
    store = Store(tmp_path_factory.mktemp("carded"))
    first = publish_classifier(store.root)
    files = {name: first.read(name) for name in first.manifest.files}
    card = TEXT.format(name="sentiment", task=first.manifest.task)
    files |= {"README.md": card.encode(), "curves.png": PNG, "calibration.png": PNG}
    primary = PrimaryMetric(name="made_up", higher_is_better=True)
    about = About(task=first.manifest.task, metrics={"made_up": 0.75}, primary_metric=primary)
    store.publish("sentiment", files, about)
    store.write_serving("sentiment", ServingPlan(default=1))
    return store


@contextlib.contextmanager
def processes(tmp_path_factory):
    """A function that starts services, `(store_dir, env, app)` to a `LiveProcess`; ends them."""
    started = []

    def start(store_dir=None, env=None, app=None, conf=CONF):
        log_path = tmp_path_factory.mktemp("service") / "log"
        variables = {} if store_dir is None else {"STORE_DIR": str(store_dir)}
        live = LiveProcess(variables | (env or {}), app, log_path, conf)
        started.append(live)
        live.wait_until_ready()
        return live

    try:
        yield start
    finally:
        for live in started:
            live.stop()


@pytest.fixture
def start_process(tmp_path_factory):
    """Starts services that end with the test."""
    with processes(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def start_shared(tmp_path_factory):
    """Starts services that end with the session."""
    with processes(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def live_service(start_shared, tiny_store):
    """Starts a service and returns its address: `live_service(store_dir=..., env=...)`."""

    def start(store_dir=tiny_store, env=None):
        return start_shared(store_dir, env).base_url

    return start


@pytest.fixture(scope="session")
def base_url(live_service):
    """The address of one service over tiny models, shared by all tests that only ask it."""
    return live_service()


@pytest.fixture(scope="session")
def fake_url(start_shared):
    """The address of one service over `FakeEngine`, whose answers can be worked out."""
    return start_shared(app=FAKE_APP).base_url
