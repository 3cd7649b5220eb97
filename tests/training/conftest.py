import pytest
import torch

from tests.training.publisher import Publisher


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Nets of this size are faster on one core than on several."""
    torch.set_num_threads(1)


@pytest.fixture
def publisher(monkeypatch):
    """Serve files on this machine; DATA_DIR is not set."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("DATA_DIR", raising=False)
    publisher = Publisher()
    yield publisher
    publisher.close()
