"""Whether a training came to anything: one that diverged is told so, with what to change."""

import argparse
import math
from collections.abc import Sequence

from torch import nn

from training.errors import UsageError
from training.fitting.callbacks import Point

DIVERGED_LOSS = 50.0  # nats; a guess among a million tokens has 14


def check_converged(net: nn.Module, points: Sequence[Point], arguments: argparse.Namespace) -> None:
    """See that a trained net's weights are numbers, and that it foretells no worse than a guess.

    Args:
        net: The trained network.
        points: The losses at each validation.
        arguments: The run's flags.

    Raises:
        UsageError: The training diverged.
    """
    told = None
    if not all(bool(weight.isfinite().all()) for weight in net.parameters()):
        told = "its weights are no numbers any more"
    elif points and not (loss := kept_loss(points, arguments.keep)) <= DIVERGED_LOSS:
        told = f"its validation loss is {loss:.3g} nats, where a guess has a few"
    if told:
        raise UsageError(
            f"the training diverged, {told}: give a lower --learning-rate than "
            f"{arguments.learning_rate:g}, or a --grad-clip-norm under "
            f"{arguments.grad_clip_norm or 1:g}"
        )


def kept_loss(points: Sequence[Point], keep: str) -> float:
    """Return the validation loss, in nats, of the weights that a training kept.

    Args:
        points: The losses at each validation.
        keep: Which weights were kept, the "best" or the "last".
    """
    losses = [point.val_loss for point in points]
    numbers = [loss for loss in losses if not math.isnan(loss)]
    return losses[-1] if keep == "last" or not numbers else min(numbers)
