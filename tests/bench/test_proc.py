"""Figures of real processes."""

import os
import subprocess
import sys

from bench import proc

MEGABYTE = 1 << 20
PARENT = """
import os, sys
kept = b"x" * (64 << 20)
for _ in range(2):
    if os.fork() == 0:
        break
else:
    print("ready", flush=True)
sys.stdin.read()
"""


def test_pages_shared_after_a_fork_count_once():
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        members, memory = proc.family(process.pid), proc.memory_bytes(process.pid)
        threads = proc.num_threads(process.pid)
        process.stdin.close()

    assert len(members) == threads == 3
    assert 64 * MEGABYTE < memory < 128 * MEGABYTE


def test_processor_time_of_ended_children_counts():
    before = proc.cpu_s(os.getpid())

    subprocess.run([sys.executable, "-c", "sum(range(10_000_000))"], check=True)

    assert proc.cpu_s(os.getpid()) - before > 0.05
