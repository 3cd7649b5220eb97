"""The table of figures, and everything once more as one line of JSON."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.goals import Goal, Startup
from bench.results import Key, Results

HEAD = (
    "models", "load", "clients", "system", "per second", "(lowest-highest)", "CPU µs",
    "p50 ms", "p99 ms", "first ms", "gap p50", "gap p99", "errors", "tool",
)  # fmt: skip


def hardware() -> str:
    """Say what machine this is."""
    names = {
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    }
    cores = len(Path("/proc/cpuinfo").read_text().split("\n\n")) - 1
    name = ", ".join(sorted(names)) or platform.machine()
    return f"{name}, {cores} cores, Linux {platform.release()}, Python {platform.python_version()}"


def table(results: Results) -> str:
    """Return the figures as aligned columns; medians over the rounds."""
    order = sorted(results.keys(), key=lambda key: (key.models != "reference", _place(key)))
    rows = [HEAD, *(_row(results, key) for key in order)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 1, 3) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def json_line(
    results: Results, goals: Sequence[Goal], startups: Sequence[Startup], *, command: str
) -> str:
    """Return the whole run on one line."""
    figures = [
        asdict(key)
        | {
            name: _shown(results, key, name)
            for name in ("per_s", "cpu_us", "latency_ms", "first_ms", "gap_ms")
        }
        for key in results.keys()  # noqa: SIM118 (no dictionary)
    ]
    verdicts = [asdict(goal) | {"is_met": goal.is_met} for goal in goals]
    document = {
        "command": command,
        "hardware": hardware(),
        "figures": figures,
        "startups": [asdict(startup) for startup in startups],
        "goals": verdicts,
    }
    return json.dumps(document, separators=(",", ":"))


def _place(key: Key) -> tuple[int, int, str]:
    loads = ("short", "long", "bulk", "beside", "generate")
    place = loads.index(key.load) if key.load in loads else len(loads)
    return place, key.clients, key.system


def _row(results: Results, key: Key) -> tuple[str, ...]:
    rate = results.figure(key, "per_s")
    assert rate is not None, "every sample has a rate"
    samples = results.of(key)
    return (
        key.models,
        key.load,
        str(key.clients),
        key.system,
        f"{rate.value:,.0f}",
        f"({rate.lowest:,.0f}-{rate.highest:,.0f})",
        _number(results, key, "cpu_us"),
        _number(results, key, "latency_ms", 50),
        _number(results, key, "latency_ms", 99),
        _number(results, key, "first_ms", 50),
        _number(results, key, "gap_ms", 50),
        _number(results, key, "gap_ms", 99),
        str(sum(sample.errors for sample in samples)),
        f"{max(sample.client_share for sample in samples):.0%}",
    )


def _number(results: Results, key: Key, name: str, percentile: int | None = None) -> str:
    figure = results.figure(key, name, percentile)
    return "" if figure is None or figure.value == 0 else f"{figure.value:,.4g}"


def _shown(results: Results, key: Key, name: str) -> object:
    """Return a figure as [median, lowest, highest], by percentile where it has several."""
    if name in ("per_s", "cpu_us"):
        return _triple(results, key, name)
    found = {percent: _triple(results, key, name, percent) for percent in (50, 90, 99, 100)}
    return {percent: triple for percent, triple in found.items() if triple}


def _triple(
    results: Results, key: Key, name: str, percentile: int | None = None
) -> list[float] | None:
    figure = results.figure(key, name, percentile)
    if figure is None:
        return None
    return [round(each, 4) for each in (figure.value, figure.lowest, figure.highest)]
