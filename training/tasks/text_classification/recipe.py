"""What a training of texts does where no flag says it: chosen by the data, and said aloud.

The figures behind the choices stand in `training/LOG.md`.
"""

import argparse
import math
import statistics
from collections.abc import Sequence
from typing import Any

from training.choices import fill, say_chosen
from training.data.reports import counted

SHORT_WORDS = 2  # texts of so many words or fewer are names and the like: read by character
FEW_ROWS = 2_000
STEPS = 2_000  # from scratch; fewer do not learn, more did not help
EPOCHS = 10, 20  # from scratch, at least and at most
TOKENS_PER_ROW = 1_000  # read of each row in all, for 10,000 rows in 4 minutes on two cores
STARTED_EPOCHS = 1, 4
STARTED_TOKENS_PER_ROW = 300  # such networks are larger
ORDERS = {"char": 5, "word": 2, "subword": 3}  # tokens of the longest n-gram
REGULARIZERS: dict[str, Any] = {
    "token_dropout": 0.1,
    "input_dropout": 0.2,
    "output_dropout": 0.2,
    "dropout": 0.3,
    "label_smoothing": 0.05,
}
CHOSEN = (
    *("tokenizer", "max_epochs", "batch_size", "learning_rate", "schedule", "keep", "patience"),
    *REGULARIZERS,
)
"""Flags that are chosen here, unless they are given."""

FIXED: dict[str, Any] = {
    "max_epochs": 10,
    "batch_size": 64,
    "learning_rate": 1e-3,
    "schedule": "constant",
    "keep": "best",
    "patience": 3,
    "input_dropout": 0.0,
    "output_dropout": 0.0,
    "dropout": 0.2,
}
"""What they are for numbers, whose trainings choose nothing by themselves."""


def choose_tokenizer(arguments: argparse.Namespace, texts: Sequence[str]) -> None:
    """Read by character where texts are one or two words, by piece of words elsewhere."""
    words = statistics.median(len(text.split()) for text in texts)
    kind = "char" if words <= SHORT_WORDS else "subword"
    taken = fill(arguments, {"tokenizer": kind})
    say_chosen(arguments, f"texts of which half have {words:g} words or fewer", taken)


def choose_regularizers(arguments: argparse.Namespace) -> None:
    """Drop what keeps small data from being learned by heart."""
    fill(arguments, REGULARIZERS)


def choose_schedule(
    arguments: argparse.Namespace, rows: Sequence[Sequence[int]], *, is_started: bool
) -> None:
    """Choose batch size, epochs and rate by the size of the data.

    Args:
        arguments: The flags; those not given are set.
        rows: Token ids of each training text.
        is_started: Whether a stored model's layers are gone on from.
    """
    num_rows, num_tokens = len(rows), sum(map(len, rows))
    is_patient = arguments.patience is not None  # early stopping was asked for
    batch_size = arguments.batch_size or (16 if num_rows < FEW_ROWS else 32)
    if is_started:
        fewest, most = STARTED_EPOCHS
        affordable = STARTED_TOKENS_PER_ROW * num_rows // num_tokens
        wanted = most
    else:
        fewest, most = EPOCHS
        affordable = TOKENS_PER_ROW * num_rows // num_tokens
        wanted = math.ceil(STEPS * batch_size / num_rows)
        fewest = min(fewest, max(2, affordable))
    chosen = {
        "max_epochs": min(max(wanted, fewest), most, max(affordable, fewest)),
        "batch_size": batch_size,
        "learning_rate": 5e-4 if is_started else 2.5e-3,
        "schedule": "slanted",
        "keep": "best" if is_patient else "last",
    }
    taken = fill(arguments, chosen)
    arguments.patience = arguments.patience if is_patient else FIXED["patience"]
    say_chosen(
        arguments,
        f"{counted(num_rows, 'training text')} of {round(num_tokens / num_rows)} tokens on average"
        + (" and a start" * is_started),
        taken,
    )
