"""Sizes and regularization of recurrent layers, as plain frozen data.

What a network has besides them stands with it, in a config of its own. Knows nothing of training or
files: scripts translate these into the store's own configs.
"""

from dataclasses import dataclass
from typing import Literal

Cell = Literal["rnn", "lstm", "gru"]
Pooling = Literal["concat", "last"]


@dataclass(frozen=True, slots=True)
class StackConfig:
    """A stack of recurrent layers over embedded tokens.

    Args:
        vocab_size: Rows of the embedding table.
        embedding_dim: Width of a token's vector.
        hidden_size: Width of each layer's hidden state.
        num_layers: Layers, 1 and up.
        cell: "rnn" (tanh), "lstm" or "gru".
        bidirectional: Also read each text backwards; outputs are then twice as wide.
        embedding_dropout: Share of vocabulary rows zeroed for a whole batch, [0, 1).
        input_dropout: Locked dropout on the embedded tokens, [0, 1).
        hidden_dropout: Locked dropout between layers, [0, 1).
        weight_dropout: Share of hidden-to-hidden weights zeroed for a whole batch, [0, 1).
        output_dropout: Locked dropout on the last layer's outputs, [0, 1).
    """

    vocab_size: int
    embedding_dim: int
    hidden_size: int
    num_layers: int = 1
    cell: Cell = "lstm"
    bidirectional: bool = False
    embedding_dropout: float = 0.0
    input_dropout: float = 0.0
    hidden_dropout: float = 0.0
    weight_dropout: float = 0.0
    output_dropout: float = 0.0

    @property
    def output_dim(self) -> int:
        """Width of the last layer's output: the hidden size, twice that if bidirectional."""
        return self.hidden_size * (2 if self.bidirectional else 1)
