"""Pictures for model cards: loss curves and calibration."""

import io
from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.fitting.callbacks import Point

INK, ACCENT, MUTED = "#1f2933", "#c2410c", "#0f766e"
LINES = (ACCENT, MUTED, "#6d28d9", "#a16207", "#475569")


def figure_of(width: float, height: float) -> Figure:
    """Return an empty figure of that many inches, in the letters of all pictures."""
    mpl.rcParams["font.size"] = 9
    return Figure(figsize=(width, height), layout="constrained")


def png_of(figure: Figure) -> bytes:
    """Return a figure as PNG, the same bytes each time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def draw_curves(points: Sequence[Point]) -> bytes:
    """Return a PNG of loss and validation loss by epoch, validation accuracy where there is one."""
    figure = figure_of(6, 3.4)
    axes = figure.subplots()
    trained = [point for point in points if point.loss is not None]
    marker = "o" if len(points) < 30 else None
    axes.plot(
        [p.epoch for p in trained],
        [p.loss or 0.0 for p in trained],
        color=MUTED,
        marker=marker,
        label="training loss",
    )
    epochs, losses = [p.epoch for p in points], [p.val_loss for p in points]
    label = f"validation loss (best {min(losses):.4f})"
    axes.plot(epochs, losses, color=ACCENT, marker=marker, label=label)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss in nats")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    accuracies = [(p.epoch, p.val_accuracy) for p in points if p.val_accuracy is not None]
    if accuracies:
        right = axes.twinx()
        right.plot(
            *zip(*accuracies, strict=True), color=INK, linestyle=":", label="validation accuracy"
        )
        right.set_ylabel("validation accuracy")
    # two columns: three labels side by side are wider than the picture
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return png_of(figure)


def draw_calibration(
    answers: Mapping[str, tuple[np.ndarray, np.ndarray]], *, num_bins: int = 10
) -> bytes:
    """Return a PNG of accuracy against confidence, one line a set.

    Args:
        answers: By name of the set, probabilities (num_texts, num_classes) and labels.
        num_bins: Bins of confidence.
    """
    figure = figure_of(4, 3.6)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":", label="as sure as right")
    for (name, (probs, labels)), color in zip(answers.items(), cycle(LINES), strict=False):
        confidence, hits = probs.max(axis=1), probs.argmax(axis=1) == labels
        bins = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
        filled = [place for place in range(num_bins) if (bins == place).any()]
        axes.plot(
            [confidence[bins == place].mean() for place in filled],
            [hits[bins == place].mean() for place in filled],
            color=color,
            marker="o",
            label=name,
        )
        axes.set_xlim(1 / probs.shape[1], 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("confidence")
    axes.set_ylabel("accuracy")
    axes.legend(loc="lower right", frameon=False)
    return png_of(figure)
