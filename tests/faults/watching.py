"""What a fault test sees of a running service from outside: its memory, and its figures."""

from pathlib import Path

import requests
from prometheus_client.parser import text_string_to_metric_families


def memory_bytes(live):
    """Memory of the workers that is theirs alone (USS), added up."""
    total = 0
    for pid in live.worker_pids():
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += 1024 * sum(int(line.split()[1]) for line in rollup if line.startswith("Private_"))
    return total


def figure(live, name, **labels):
    """The sum of a figure of `/metrics` with these labels."""
    text = requests.get(f"{live.base_url}/metrics", timeout=10).text
    wanted = set(labels.items())
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and wanted <= set(sample.labels.items())
    )


def percentile(values, share):
    """The value below which a share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
