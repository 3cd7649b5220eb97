import errno
import os
import shutil
import socket
import stat

import pytest

from service.http.startup_checks import (
    METRICS_DIR,
    check_exposure,
    check_port,
    check_store,
    greeting,
    is_loopback,
    listen_problem,
    make_run_dir,
    mend_run_dir,
    problems,
)
from service.settings import Settings
from tests.models import publish_classifier

DIGEST = "0" * 64


@pytest.fixture(scope="module")
def store_dir(tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    publish_classifier(root)
    return root


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_key(host):
    assert is_loopback(host)
    assert check_exposure(host, Settings()) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "10.0.0.1", "example.org"])
def test_any_other_address_needs_keys_or_the_word_that_none_are_meant(host, tmp_path):
    assert "API_KEYS_FILE" in str(check_exposure(host, Settings()))
    assert check_exposure(host, Settings(allow_anonymous=True)) is None
    assert check_exposure(host, Settings(api_keys_file=tmp_path / "keys")) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"store_dir": "/nowhere"}, "/nowhere"),
        ({"api_keys_file": "/nowhere/keys"}, "/nowhere/keys"),
        ({"port": 9100, "metrics_port": 9100}, "METRICS_PORT=9100"),
        ({"rate_limit": "5/second; 0/minute"}, "lets nobody in"),
        ({"rate_limit": "often"}, "RATE_LIMIT='often'"),
        ({"cors_origins": "https://a.example, b.example"}, "CORS_ORIGINS has 'b.example'"),
        ({"rate_limit": "5/second", "rate_limit_storage": "carrier-pigeon://"}, "carrier-pigeon"),
    ],
)
def test_what_cannot_be_used_is_named(changes, words, store_dir):
    settings = Settings(**({"store_dir": store_dir} | changes))
    [problem] = problems(settings, [])
    assert words in problem


def test_every_address_is_looked_at(store_dir):
    settings = Settings(store_dir=store_dir)
    [problem] = problems(settings, [("127.0.0.1", 0), ("0.0.0.0", 0), "/run/service.sock"])
    assert "at 0.0.0.0" in problem


def test_a_store_without_models_is_named_with_a_remedy(tmp_path):
    assert f"{tmp_path} holds no model; train one" in str(check_store(tmp_path))


def test_a_free_port_and_a_store_with_models_are_fine(store_dir):
    assert check_store(store_dir) is None
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert "in use" in str(check_port("127.0.0.1", port))
    assert check_port("127.0.0.1", port) is None
    assert check_port("::1", port) is None or not socket.has_ipv6


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EADDRINUSE, "is in use"),
        (errno.EACCES, "for privileged users"),
        (errno.EADDRNOTAVAIL, "check HOST and PORT"),
    ],
)
def test_why_a_port_cannot_be_had_is_said_with_what_to_do(code, words):
    assert words in listen_problem(OSError(code, "no"), "127.0.0.1", 80)


def test_the_run_folders_of_killed_services_are_swept_and_others_stay(tmp_path):
    left = tmp_path / "rnn-service-999999999-abc"
    left.mkdir()
    (left / "rates").touch()
    alive = tmp_path / f"rnn-service-{os.getpid()}-abc"
    alive.mkdir()
    foreign = tmp_path / "rnn-service-notes"
    foreign.mkdir()
    made = make_run_dir(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([alive, foreign, made])


@pytest.mark.parametrize(
    ("host", "tasks", "words"),
    [
        ("127.0.0.1", {"text-classification", "text-generation"}, "127.0.0.1:8000/v1/classify"),
        ("0.0.0.0", {"text-generation"}, "127.0.0.1:8000/v1/generate"),
        ("::1", {"text-classification"}, "[::1]:8000/v1/classify"),
        ("192.0.2.1", set(), "192.0.2.1:8000 (Ctrl-C"),
    ],
)
def test_the_greeting_has_an_example_that_works_here(host, tasks, words):
    assert f"http://{words}" in greeting((host, 8000), tasks)
    assert ("curl" in greeting((host, 8000), tasks)) == bool(tasks)


def test_a_run_folder_that_was_cleared_away_is_made_again_for_us_alone(tmp_path, caplog):
    made = make_run_dir(tmp_path)
    shutil.rmtree(made)
    mend_run_dir(made)
    assert (made / METRICS_DIR).is_dir()
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    mend_run_dir(tmp_path / "no" / "such")
    assert "cannot be made again" in caplog.text
