"""The many-to-one network for numbers: rows of numbers in, class logits out."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.nets.classifier import pool
from training.nets.config import Cell, Pooling, StackConfig
from training.nets.recurrent import RecurrentLayers
from training.nets.standardize import Standardize


@dataclass(frozen=True, slots=True)
class SequenceNetConfig:
    """A recurrent classifier of sequences of numbers.

    Args:
        num_features: Numbers in a row.
        num_classes: Classes, 2 and up.
        hidden_size: Width of each layer's hidden state, in each direction.
        num_layers: Layers, 1 and up.
        cell: "rnn", "lstm" or "gru".
        bidirectional: Also read backwards.
        pooling: "concat" (last, maximum and mean of the hidden states) or "last".
        dense_dims: Widths of the ReLU layers between pooling and output.
        input_dropout: Locked dropout on the rows, [0, 1).
        hidden_dropout: Locked dropout between layers, [0, 1).
        weight_dropout: Share of hidden-to-hidden weights zeroed for a whole batch, [0, 1).
        output_dropout: Locked dropout on the last layer's outputs, [0, 1).
        dropout: Dropout before each dense layer and the output, [0, 1).
    """

    num_features: int
    num_classes: int
    hidden_size: int
    num_layers: int = 1
    cell: Cell = "lstm"
    bidirectional: bool = False
    pooling: Pooling = "concat"
    dense_dims: tuple[int, ...] = ()
    input_dropout: float = 0.0
    hidden_dropout: float = 0.0
    weight_dropout: float = 0.0
    output_dropout: float = 0.0
    dropout: float = 0.0

    @property
    def stack(self) -> StackConfig:
        """The recurrent layers."""
        return StackConfig(
            vocab_size=0,
            embedding_dim=self.num_features,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            cell=self.cell,
            bidirectional=self.bidirectional,
            input_dropout=self.input_dropout,
            hidden_dropout=self.hidden_dropout,
            weight_dropout=self.weight_dropout,
            output_dropout=self.output_dropout,
        )


class SequenceClassifier(nn.Module):
    """Standardization, recurrent layers, pooling, dense layers."""

    def __init__(self, config: SequenceNetConfig) -> None:
        """Build the network that `config` describes."""
        super().__init__()
        self.config = config
        self.standardize = Standardize(config.num_features)
        self.stack = RecurrentLayers(config.stack)
        pooled_dim = config.stack.output_dim * (3 if config.pooling == "concat" else 1)
        sizes = [pooled_dim, *config.dense_dims]
        self.dense = nn.ModuleList(
            nn.Linear(wide, narrow) for wide, narrow in zip(sizes, sizes[1:], strict=False)
        )
        self.output = nn.Linear(sizes[-1], config.num_classes)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (batch, num_classes).

        Args:
            values: (batch, seq_len, num_features) float, padded on the right.
            lengths: (batch,) int64 rows of each sequence, at least 1.
        """
        hidden_states, _ = self.stack.run(self.standardize(values), lengths)
        config = self.config
        pooled = pool(
            hidden_states.float(), lengths, pooling=config.pooling, hidden_size=config.hidden_size
        )
        for layer in self.dense:
            pooled = torch.relu(layer(self.dropout(pooled)))
        logits: Tensor = self.output(self.dropout(pooled))
        return logits
