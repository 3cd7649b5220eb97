"""The run as a picture of four panels."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Patch

from bench.results import Results

COLORS = {"raw": "#8a8f98", "bare": "#c5a03f", "service": "#2f6fb0", "parity": "#b5533c"}
NAMES = {
    "raw": "ONNX Runtime alone",
    "bare": "Flask route without a model",
    "service": "the service",
    "parity": "naive Flask + torch",
}


def draw(results: Results, path: Path, *, title: str) -> None:
    """Write the picture of the reference models' figures."""
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    canvas = Canvas(figsize=(10, 7), layout="constrained")
    (request_cost, latency), (tokens, rates) = canvas.subplots(2, 2)
    _bars(request_cost, results, "short", ("bare", "service", "parity"), name="cpu_us")
    _label(request_cost, "One text of 30 words: processor time", "µs a request", "connections")
    _bars(
        latency, results, "short", ("bare", "service", "parity"), name="latency_ms", percentile=99
    )
    _label(latency, "One text of 30 words: latency, p99", "ms", "connections")
    _bars(tokens, results, "generate", ("raw", "service", "parity"), name="per_s")
    _label(tokens, "Writing 200 tokens, LSTM 512", "tokens a second", "streams")
    _rates(rates, results)
    _label(rates, "Requests at a constant rate: latency, p99", "ms", "requests a second")
    canvas.suptitle(title, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path, dpi=110)


def _bars(
    axes: Axes,
    results: Results,
    load: str,
    systems: Sequence[str],
    *,
    name: str,
    percentile: int | None = None,
) -> None:
    """Draw a group of bars for each number of clients, with the spread over the rounds."""
    keys = [key for key in results.keys() if key.models == "reference" and key.load == load]  # noqa: SIM118
    counts = sorted({key.clients for key in keys})
    width = 0.8 / len(systems)
    for column, system in enumerate(systems):
        for key in keys:
            figure = results.figure(key, name, percentile)
            if key.system != system or figure is None:
                continue
            place = counts.index(key.clients) + (column - (len(systems) - 1) / 2) * width
            spread = [[figure.value - figure.lowest], [figure.highest - figure.value]]
            axes.bar(place, figure.value, width * 0.92, yerr=spread, color=COLORS[system])
            axes.annotate(
                f"{figure.value:,.3g}" if figure.value < 1000 else f"{figure.value:,.0f}",
                (place, figure.highest),
                textcoords="offset points",
                xytext=(0, 2),
                ha="center",
                fontsize=7,
            )
    axes.set_xticks(range(len(counts)), [str(count) for count in counts])
    is_log = bool(counts) and name != "cpu_us"  # these span two powers of ten
    if is_log:
        axes.set_yscale("log")
    axes.set_ylim(top=axes.get_ylim()[1] * (5 if is_log else 1.35))  # room for the legend
    handles = [Patch(color=COLORS[system], label=NAMES[system]) for system in systems]
    axes.legend(handles=handles, frameon=False, fontsize=8)


def _rates(axes: Axes, results: Results) -> None:
    for system in ("service", "parity"):
        points = sorted(
            (sample.per_s, sample.latency_ms[99])
            for sample in results.samples
            if sample.key.load == "rate" and sample.key.system == system
        )
        if points:
            axes.plot(*zip(*points, strict=True), "o-", color=COLORS[system], label=NAMES[system])
            axes.set_yscale("log")
            axes.legend(frameon=False, fontsize=8)


def _label(axes: Axes, title: str, vertical: str, horizontal: str) -> None:
    axes.set_title(title, fontsize=10)
    is_log = axes.get_yscale() == "log"
    axes.set_ylabel(f"{vertical}, logarithmic" if is_log else vertical)
    axes.set_xlabel(horizontal)
