"""The start, at a terminal too, and what keeps a service from it: what an operator sees."""

import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests

from tests.e2e.conftest import CONF, FAKE_APP, GUNICORN, ROOT, free_port
from tests.models import publish_classifier

pytestmark = pytest.mark.e2e


def fails_to_start(env):
    """Start a service that cannot; return what it says on standard error."""
    run = subprocess.run(
        [*GUNICORN, CONF],
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode not in (0, None)
    assert "Traceback" not in run.stderr
    return run.stderr


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"PORT": "eighty"}, "PORT=eighty"),
        ({"STORE_DIR": "/nowhere"}, "there is no model store at /nowhere"),
        ({"HOST": "192.0.2.1", "ALLOW_ANONYMOUS": "1"}, "cannot listen at 192.0.2.1"),
        ({"HOST": "0.0.0.0"}, "at 0.0.0.0 others could ask it without a key"),
        ({"API_KEYS_FILE": "/nowhere/keys"}, "API_KEYS_FILE=/nowhere/keys"),
        ({"RATE_LIMIT": "often"}, "RATE_LIMIT='often'"),
        ({"CORS_ORIGINS": "app.example"}, "CORS_ORIGINS has 'app.example'"),
        ({"STATE_KEY": "short"}, "STATE_KEY=***: it must be a text of at least 32 characters"),
    ],
)
def test_what_keeps_it_from_starting_is_one_clear_line(env, words):
    said = fails_to_start({"PORT": str(free_port())} | env)
    [line] = [line for line in said.splitlines() if not line.startswith("{")]
    assert line.startswith("The service cannot start: ")
    assert words in line


def test_a_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert f"port {port} of 127.0.0.1 is in use" in fails_to_start({"PORT": str(port)})


def test_a_store_without_models_is_one_line_with_a_remedy(tmp_path):
    said = fails_to_start({"PORT": str(free_port()), "STORE_DIR": str(tmp_path)})
    [line] = [line for line in said.splitlines() if not line.startswith("{")]
    assert line.startswith(
        f"The service cannot start: the model store at {tmp_path} holds no model"
    )
    assert "make train-sentiment" in line


def run_at_terminal(env):
    """Start a service at a terminal of its own; return the process and the terminal's other end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*GUNICORN, CONF, FAKE_APP],
        cwd=ROOT,
        env=os.environ | {"WORKERS": "2"} | env,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    return process, ours


def test_an_example_is_shown_at_a_terminal_once_it_works():
    port = free_port()
    process, terminal = run_at_terminal({"PORT": str(port)})
    with open(terminal) as said:
        assert f"http://127.0.0.1:{port}" in said.readline()
        assert f"Its page is at http://127.0.0.1:{port}/," in said.readline()
        ran = subprocess.run(["bash", "-c", said.readline()], capture_output=True, timeout=60)
        assert json.loads(ran.stdout)["data"][0]["label"] == "positive"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_no_example_is_shown_of_a_service_that_does_not_start():
    with socket.create_server(("127.0.0.1", 0)) as other:
        process, terminal = run_at_terminal({"PORT": str(other.getsockname()[1])})
        assert process.wait(60) != 0
    with open(terminal) as said, pytest.raises(OSError, match="Input/output error"):
        said.read()  # Linux's way to say that nobody has it open, and nothing was written


def test_a_damaged_store_is_told_once_with_the_way_back(tmp_path):
    """Both workers told it, each with the model's name twice."""
    stored = publish_classifier(tmp_path)
    (stored.path / "model.onnx").write_bytes(b"x")
    said = fails_to_start({"PORT": str(free_port()), "STORE_DIR": str(tmp_path), "WORKERS": "2"})
    [line] = [line for line in said.splitlines() if not line.startswith("{")]
    assert line.count("sentiment:1") == 1
    assert "model.onnx: truncated" in line
    assert "put those files back from a backup" in line


def test_a_mistyped_setting_is_told_at_the_start(start_process):
    """MAX_BATCH_TOKEN=1 changed nothing, and nothing said so."""
    live = start_process(env={"MAX_BATCH_TOKEN": "1"}, app=FAKE_APP)
    warnings = [one["message"] for one in live.logged() if one["level"] == "warning"]
    told = "MAX_BATCH_TOKEN is no setting and has no effect; did you mean MAX_BATCH_TOKENS?"
    assert warnings.count(told) == 1


@pytest.mark.parametrize("module", ["gunicorn", "pydantic", "flask"])
def test_ctrl_c_in_the_first_second_ends_without_a_traceback(module, tmp_path):
    """While this is imported: gunicorn's own, the settings', what the workers share."""
    interrupt = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)\n"
    (tmp_path / f"{module}.py").write_text(interrupt)
    ended = subprocess.run(
        [sys.executable, "-m", "service"],
        cwd=ROOT,
        env=os.environ | {"PORT": str(free_port()), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert ended.returncode == -signal.SIGINT
    assert "Traceback" not in ended.stderr


def test_python_starts_it_as_gunicorn_does():
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "service", FAKE_APP],
        cwd=ROOT,
        env=os.environ | {"PORT": str(port)},
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok:
                    break
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
