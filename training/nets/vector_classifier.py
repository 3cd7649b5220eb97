"""The one-to-one network: numbers of a fixed size in, class logits out."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.nets.standardize import Standardize


@dataclass(frozen=True, slots=True)
class VectorNetConfig:
    """A feed-forward classifier.

    Args:
        num_features: Numbers in an input.
        num_classes: Classes, 2 and up.
        dense_dims: Widths of the ReLU layers, may be empty.
        dropout: Dropout before each layer but the first, [0, 1).
    """

    num_features: int
    num_classes: int
    dense_dims: tuple[int, ...] = (128,)
    dropout: float = 0.0


class VectorClassifier(nn.Module):
    """Standardization and dense layers."""

    def __init__(self, config: VectorNetConfig) -> None:
        """Build the network that `config` describes."""
        super().__init__()
        self.config = config
        self.standardize = Standardize(config.num_features)
        sizes = [config.num_features, *config.dense_dims]
        self.dense = nn.ModuleList(
            nn.Linear(wide, narrow) for wide, narrow in zip(sizes, sizes[1:], strict=False)
        )
        self.output = nn.Linear(sizes[-1], config.num_classes)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (batch, num_classes) of values (batch, 1, num_features).

        `lengths` is looked at by networks that read sequences; here all are 1.
        """
        hidden = self.standardize(values[:, 0])
        for layer in self.dense:
            hidden = self.dropout(torch.relu(layer(hidden)))
        logits: Tensor = self.output(hidden)
        return logits
