"""What a training of a generator does where no flag says it: chosen by the size of the text.

The figures behind the choices stand in `training/LOG.md`.
"""

import argparse
import math
from typing import Any

from training.choices import fill, say_chosen

STEPS = 4_500  # windows learned from; fewer leave a text of 200 kB at letter salad
MAX_EPOCHS = 40
SIZES = ((1_000_000, 8), (10_000_000, 32))  # tokens under which so many rows are read at once
LARGE_BATCH = 64
NETWORK: dict[str, Any] = {
    "cell": "gru",  # learns more of so little text than an LSTM of its width, in less time
    "hidden_size": 256,
    "input_dropout": 0.1,
    "output_dropout": 0.3,
    "weight_dropout": 0.25,
    "weight_decay": 0.01,
}
STARTED_STEPS = 1_500
RATE, STARTED_RATE = 4e-3, 1e-3
CHOSEN = (
    *NETWORK,
    *("batch_size", "max_epochs", "learning_rate", "schedule", "keep", "patience", "warmup_share"),
)
"""Flags that are chosen here, unless they are given."""


def choose(arguments: argparse.Namespace, num_tokens: int, *, is_started: bool) -> None:
    """Choose network and schedule, and say so.

    Args:
        arguments: The flags; those not given are set.
        num_tokens: Of the training text.
        is_started: Whether a stored model is gone on from.
    """
    batch_size = arguments.batch_size or next(
        (rows for most, rows in SIZES if num_tokens < most), LARGE_BATCH
    )
    windows = math.ceil(num_tokens / (batch_size * arguments.bptt_len))
    steps = STARTED_STEPS if is_started else STEPS
    network = NETWORK | ({"hidden_size": arguments.embedding_dim} if arguments.tie_weights else {})
    chosen = {
        **network,
        "batch_size": batch_size,
        "max_epochs": min(MAX_EPOCHS, max(1, round(steps / windows))),
        "learning_rate": STARTED_RATE if is_started else RATE,
        "schedule": "cosine",
        "warmup_share": 0.05,
        "keep": "best",
        "patience": 5,
    }
    what = f"{num_tokens:,} tokens" + (" and a start" * is_started)
    say_chosen(arguments, what, fill(arguments, chosen))
