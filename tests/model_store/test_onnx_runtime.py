import os
import subprocess
import sys

import pytest

SCRIPT = """
import os
from model_store.onnx_runtime import ort
print(len(os.listdir("/proc/self/task")))
"""
SET_BY_US = "ORT_DISABLE_TELEMETRY"


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc")
def test_onnx_runtime_starts_no_thread_and_writes_no_file(tmp_path):
    """Its builds report to their maker, unless they are told not to before the first import."""
    env = {name: value for name, value in os.environ.items() if name != SET_BY_US}
    env |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert done.stdout.split() == ["1"]
    assert not list(tmp_path.rglob("*"))
