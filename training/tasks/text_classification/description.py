"""What a version of a text classifier says of itself: data, figures, layers, losses.

Knows what was trained and measured; does neither.
"""

import argparse
from collections.abc import Sequence

from torch import nn

from training import choices, cli
from training.data.labelled_texts import ClassificationData
from training.export.publish import Described, command_line
from training.fitting.callbacks import Point
from training.nets.classifier import TextClassifier
from training.reports.card import table
from training.tasks.text_classification import examination
from training.tasks.text_classification.task import TASK

GOLDEN_TEXTS = (
    "Not good at all: it broke after two days, and nobody answered my mails.",
    "ok",
    "We waited an hour for cold soup. " * 60,
)


def describe(
    arguments: argparse.Namespace,
    argv: Sequence[str],
    data: ClassificationData,
    *,
    validation: dict[str, float],
    results: Sequence[examination.TestResult],
    training: dict[str, str],
    pictures: dict[str, bytes],
) -> Described:
    """Gather what goes into the version besides the net.

    Args:
        arguments: The command line, as read.
        argv: The same, as typed.
        data: What was trained and measured on.
        validation: Figures of the validation texts.
        results: Those of the tests.
        training: Sections of the card on the network and its training.
        pictures: PNG files by name.
    """
    primary = next((f"{name}_test_accuracy" for name in data.tests), "validation_accuracy")
    figures = {f"validation_{key}": value for key, value in validation.items()}
    about = cli.about_run(
        TASK,
        command_line("training.train_classifier", argv),
        datasets=data.datasets,
        figures=figures | examination.figures(results),
        primary=primary,
    )
    return Described(
        about=about,
        golden=(arguments.example, *GOLDEN_TEXTS),
        example=arguments.example,
        pictures=pictures,
        notes=choices.section(arguments)
        | training
        | examination.sections(results, data.labels)
        | {"Calibration": "![accuracy against confidence](calibration.png)"},
    )


def layers_section(net: TextClassifier, max_seq_len: int) -> dict[str, str]:
    """Return the card's table of the layers, what comes out of each, and its parameters.

    The linear path over n-grams, where there is one, stands beside them and is not listed.

    Args:
        net: The network.
        max_seq_len: Tokens that are read of a text at most.
    """
    config, stack = net.config, net.config.stack
    name = ("both ways, " if stack.bidirectional else "") + stack.cell.upper()
    wide = f"{max_seq_len} x {stack.output_dim}"
    rows: list[tuple[str, str, list[nn.Module]]] = [
        ("embedding", f"{max_seq_len} x {stack.embedding_dim}", [net.stack.embedding])
    ]
    for place, layer in enumerate(net.stack.forward_layers):
        is_last = place == stack.num_layers - 1
        backwards = list(net.stack.backward_layers)[place : place + 1]
        rows.append((name, str(config.pooled_dim) if is_last else wide, [layer, *backwards]))
    for width, dense in zip(config.dense_dims, net.dense, strict=True):
        rows.append(("dense, ReLU", str(width), [dense]))
    kind = "sigmoid" if config.sigmoid_output else "softmax"
    rows.append((f"dense, {kind}", str(net.output.out_features), [net.output]))
    cells = [[name, shape, f"{_count(parts):,}"] for name, shape, parts in rows]
    total = sum(_count(parts) for *_, parts in rows)
    return {"Layers": table(["layer", "output", "parameters"], [*cells, ["all", "", f"{total:,}"]])}


def _count(parts: Sequence[nn.Module]) -> int:
    return sum(weight.numel() for part in parts for weight in part.parameters())


def epochs_section(points: Sequence[Point]) -> dict[str, str]:
    """Return the card's table of loss and validation loss, in nats, at each validation."""
    rows = [
        [f"{p.epoch:g}", "" if p.loss is None else f"{p.loss:.4f}", f"{p.val_loss:.4f}"]
        for p in points
    ]
    return {"Loss by epoch": table(["epoch", "loss", "validation loss"], rows)}
