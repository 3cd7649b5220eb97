"""What Linux tells of a process and its descendants: processor time, memory, threads."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Return a process and all its living descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:  # the thread has ended meanwhile
                continue
    return found


def cpu_s(pid: int) -> float:
    """Return the processor time of a family so far, user and system, ended children included."""
    ticks = 0
    for member in family(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])  # utime stime cutime cstime
    return ticks / TICKS_PER_S


def memory_bytes(pid: int) -> int:
    """Return a family's memory, each page once however many of its members share it.

    It is the PSS that the family has when nothing else runs on the machine; PSS itself also
    depends on which other processes happen to map the same libraries. Of a mapping that several
    members share, the largest shared part counts.
    """
    private = 0
    shared: dict[str, int] = {}
    for member in family(pid):
        for mapping, sizes in _mappings(member):
            own = sizes["Private_Clean"] + sizes["Private_Dirty"]
            private += own
            shared[mapping] = max(shared.get(mapping, 0), sizes["Rss"] - own)
    return private + sum(shared.values())


def _mappings(pid: int) -> Iterator[tuple[str, Counter[str]]]:
    """Iterate over a process's mappings: what tells them apart, and their sizes in bytes."""
    name, sizes = "", Counter[str]()
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        fields = line.split()
        if fields[0].endswith(":"):
            if fields[-1] == "kB":
                sizes[fields[0][:-1]] = int(fields[1]) * 1024
            continue
        if name:
            yield name, sizes
        is_file = len(fields) > 5 and fields[5].startswith("/")
        name = " ".join(fields[1:6]) if is_file else fields[0]  # else its addresses
        sizes = Counter()
    yield name, sizes


def num_threads(pid: int) -> int:
    """Return the number of threads of a family."""
    return sum(len(os.listdir(f"/proc/{member}/task")) for member in family(pid))
