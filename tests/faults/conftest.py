"""Real services over tiny models, and checked traffic to them."""

import pytest

from tests.e2e.conftest import processes, tiny_store  # noqa: F401 (a fixture)
from tests.faults.traffic import Traffic


@pytest.fixture
def start_process(tmp_path_factory):
    """Starts services that end with the test."""
    with processes(tmp_path_factory) as start:
        yield start


@pytest.fixture
def traffic():
    """A function that starts checked traffic to an address; what still runs ends with the test."""
    started = []

    def start(base_url, asks, **options):
        running = Traffic(base_url, asks, **options)
        started.append(running)
        running.start()
        return running

    yield start
    for running in started:
        running.stop()
