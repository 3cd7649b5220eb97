"""How many cores there are to keep busy, in a container too."""

import math
import os
from pathlib import Path

CPU_QUOTA_FILE = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota_file: Path = CPU_QUOTA_FILE) -> int:
    """Count the cores that this process may keep busy.

    Args:
        quota_file: The control group's `cpu.max`, "quota period" in microseconds or "max period".

    Returns:
        The smaller of the process's cores and its container's share of time, at least 1.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = quota_file.read_text().split()
        cores = min(cores or 1, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):
        pass  # no control group, or "max": no limit on time
    return max(cores or 1, 1)
