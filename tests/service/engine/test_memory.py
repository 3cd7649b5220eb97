"""What loading took goes back to the system."""

import ctypes
import gc
import subprocess
import sys
import weakref

import pytest

from service.engine.memory import tidy

SCRIPT = """
from pathlib import Path
from service.engine.memory import passing, release

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

def make(num_bytes, num=300):
    blocks, pins = [], []
    for _ in range(num):
        blocks.append(bytearray(b"x" * num_bytes))
        pins.append(bytearray(1000))  # stays, and keeps the blocks from growing together
    return blocks, pins

def freed(num_bytes):
    blocks, pins = make(num_bytes)
    before = resident()
    del blocks
    {give_back}
    return before - resident()
"""

pytestmark = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc")


def freed_bytes(ending, give_back="pass"):
    """Free 300 blocks in an interpreter of its own; return how many bytes went back."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(give_back=give_back) + ending],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return int(done.stdout)


def test_freed_memory_goes_back_when_it_is_released():
    assert freed_bytes("print(freed(100_000))", give_back="release()") > 20_000_000


def test_large_pieces_of_a_passing_piece_of_work_go_back_as_they_are_freed():
    assert freed_bytes("with passing(): print(freed(200_000))") > 50_000_000


def test_large_pieces_are_kept_for_the_next_time_otherwise():
    """Answering would else pay for new pages in every batch."""
    ending = "with passing(): pass\nprint(freed(200_000))"

    assert freed_bytes(ending) < 20_000_000


class Ring:
    def __init__(self):
        self.itself = self


def test_tidying_frees_what_only_holds_itself():
    gc.disable()
    try:
        ring = weakref.ref(Ring())
        tidy()
        assert ring() is None
    finally:
        gc.enable()
