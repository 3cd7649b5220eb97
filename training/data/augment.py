"""Noise on training texts, so that a classifier does not lean on single words."""

from collections.abc import Sequence

import numpy as np


class TokenNoise:
    """Leave out single tokens and, in long texts, all but a part.

    Args:
        token_dropout: Share of tokens left out (Iyyer et al. 2015), [0, 1).
        crop_share: Share of long texts of which only a random stretch is read.
        min_crop: Tokens of the shortest stretch; texts less than twice as long are never cut.
    """

    def __init__(
        self, *, token_dropout: float = 0.0, crop_share: float = 0.0, min_crop: int = 60
    ) -> None:
        """Keep the rates."""
        self.token_dropout, self.crop_share, self.min_crop = token_dropout, crop_share, min_crop

    def __call__(self, row: Sequence[int], generator: np.random.Generator) -> Sequence[int]:
        """Return what is trained on in place of `row`; at least one token."""
        if len(row) >= 2 * self.min_crop and generator.random() < self.crop_share:
            length = int(generator.integers(self.min_crop, len(row)))
            start = int(generator.integers(len(row) - length + 1))
            row = row[start : start + length]
        if self.token_dropout == 0 or len(row) < 4:
            return row
        kept = np.asarray(row)[generator.random(len(row)) >= self.token_dropout]
        return kept.tolist() if len(kept) else row
