"""What loading took goes back to the system."""

import ctypes
import subprocess
import sys

import pytest

SCRIPT = """
from pathlib import Path
from service.engine.memory import release

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

blocks = [bytearray(100_000) for _ in range(300)]  # too small for a mapping of their own
pins = [bytearray(1000) for _ in range(300)]
for block in blocks:
    block[:] = b"x" * len(block)
del block, blocks
before = resident()
release()
print(before - resident())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc")
def test_freed_memory_goes_back():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )

    assert int(done.stdout) > 20_000_000
