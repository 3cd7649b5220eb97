"""The mark of tests that need real data sets."""

import os

import pytest


def real_data(test):
    """Mark a test that reads the folder which DATA_DIR names; without one it is skipped."""
    reason = "set DATA_DIR to a folder with the data sets"
    return pytest.mark.data(pytest.mark.skipif(not os.environ.get("DATA_DIR"), reason=reason)(test))
