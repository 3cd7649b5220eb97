"""Standardization as a part of the net, so that every version scales as its training did."""

import torch
from torch import Tensor, nn

SMALLEST_SCALE = 1e-6  # of a feature that never changes


class Standardize(nn.Module):
    """Subtracts a mean and divides by a standard deviation, feature by feature.

    Args:
        num_features: Width of the last axis.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, num_features: int) -> None:
        """Begin with what changes nothing; `fit` learns from rows."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("scale", torch.ones(num_features))

    def fit(self, rows: Tensor) -> None:
        """Take mean and deviation of (num_rows, num_features); a constant feature is left 0."""
        self.mean.copy_(rows.mean(dim=0))
        deviation = rows.std(dim=0, correction=0)
        self.scale.copy_(torch.where(deviation > SMALLEST_SCALE, 1 / deviation, 0.0))

    def forward(self, values: Tensor) -> Tensor:
        """Return values (…, num_features) standardized."""
        return (values - self.mean) * self.scale
