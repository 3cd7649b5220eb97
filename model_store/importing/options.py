"""What the caller of an import says beside the file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Padding = Literal["pre", "post", "none"]
Gives = Literal["probabilities", "logits", "log_probabilities"]
Truncating = Literal["pre", "post"]


@dataclass(frozen=True, slots=True)
class Options:
    """How inputs are made ready, and what the classes are called.

    Args:
        labels: Names of the classes 0, 1, …; None numbers them.
        max_len: Tokens, or rows, of an input at most; None takes what the file lays down.
        padding: Where shorter texts were filled up, as `pad_sequences` says it.
        truncating: Which end of longer texts is cut off.
        pad_id: The token that they were filled up with.
        gives: What the network's own call returns: what the expected answers are.
        expected: File of inputs with the answers that the network's own framework gave.
    """

    labels: tuple[str, ...] | None = None
    max_len: int | None = None
    padding: Padding = "pre"
    truncating: Truncating = "pre"
    pad_id: int = 0
    gives: Gives = "probabilities"
    expected: Path | None = None
