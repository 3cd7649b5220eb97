"""The exported graphs against torch: nothing is published whose answers differ."""

import numpy as np
from torch import Tensor

from training.data.batches import pad
from training.errors import ParityError

PARITY = 1e-5
BATCH_SIZES = (1, 2, 5, 16)


def check_equal(what: str, expected: Tensor, got: np.ndarray, *, at_most: float = PARITY) -> None:
    """Raise `ParityError` if numbers differ by more than `at_most`."""
    difference = float(np.abs(expected.numpy() - got).max())
    if not difference <= at_most:  # so that NaN differs
        raise ParityError(
            f"{what} of the graph and of torch differ by {difference:.2g} (at most {at_most:g}); "
            "nothing was written"
        )


def random_batches(vocab_size: int, *, max_len: int) -> list[tuple[Tensor, Tensor]]:
    """Return padded batches (token_ids, lengths) of many sizes, single rows included."""
    generator = np.random.default_rng(0)
    batches = []
    for size in BATCH_SIZES:
        lengths = generator.integers(1, max_len + 1, size)
        batches.append(pad([generator.integers(0, vocab_size, n).tolist() for n in lengths]))
    return batches
