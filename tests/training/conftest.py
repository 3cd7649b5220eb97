import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Nets of this size are faster on one core than on several."""
    torch.set_num_threads(1)
