"""Locked dropout: one dropout mask for all time steps of a sequence (Gal and Ghahramani 2016)."""

from torch import Tensor, nn


class LockedDropout(nn.Module):
    """Zero whole features of a sequence, the same ones at each step.

    Args:
        rate: Share of features dropped per sequence, [0, 1).
    """

    def __init__(self, rate: float) -> None:
        """Keep the rate."""
        super().__init__()
        self.rate = rate

    def forward(self, values: Tensor) -> Tensor:
        """Drop features of `values` (batch, seq_len, features) while training."""
        if not self.training or self.rate == 0:
            return values
        keep = values.new_empty(values.shape[0], 1, values.shape[2]).bernoulli_(1 - self.rate)
        return values * keep / (1 - self.rate)
