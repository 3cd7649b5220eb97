"""The one-to-many network from an image: its pixels are the first input of a recurrent decoder.

As in Vinyals et al. 2015, "Show and Tell": what the image becomes is read once, before the begin
token, and everything after that is a language model.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.nets.cells import State
from training.nets.config import Cell, StackConfig
from training.nets.recurrent import RecurrentStack
from training.nets.standardize import Standardize


@dataclass(frozen=True, slots=True)
class CaptionNetConfig:
    """A recurrent decoder with an image before its first token.

    Args:
        num_features: Numbers in an image.
        vocab_size: Tokens that it writes.
        embedding_dim: Width of a token's vector, and of what an image becomes.
        hidden_size: Width of each layer's hidden state.
        num_layers: Layers, 1 and up.
        cell: "rnn", "lstm" or "gru".
        image_dim: Width of the ReLU layer between pixels and vector.
        dropout: Dropout on the image's layer and locked dropout on the last layer's outputs.
    """

    num_features: int
    vocab_size: int
    embedding_dim: int
    hidden_size: int
    num_layers: int = 1
    cell: Cell = "lstm"
    image_dim: int = 128
    dropout: float = 0.0

    @property
    def stack(self) -> StackConfig:
        """Embedding and recurrent layers."""
        return StackConfig(
            vocab_size=self.vocab_size,
            embedding_dim=self.embedding_dim,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            cell=self.cell,
            output_dropout=self.dropout,
        )


class Captioner(nn.Module):
    """Standardization and two dense layers for the image, a recurrent stack for the words."""

    def __init__(self, config: CaptionNetConfig) -> None:
        """Build the network that `config` describes."""
        super().__init__()
        self.config = config
        self.standardize = Standardize(config.num_features)
        self.image = nn.Linear(config.num_features, config.image_dim)
        self.project = nn.Linear(config.image_dim, config.embedding_dim)
        self.stack = RecurrentStack(config.stack)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size)
        self.dropout = nn.Dropout(config.dropout)

    def read(self, image: Tensor) -> list[State]:
        """Return the states after reading images (batch, num_features)."""
        seen = self.dropout(torch.relu(self.image(self.standardize(image))))
        vector = torch.tanh(self.project(seen))[:, None]  # (batch, 1, embedding_dim)
        _, states = self.stack.run(vector)
        return states

    def forward(self, image: Tensor, token_ids: Tensor) -> Tensor:
        """Return logits (batch, seq_len, vocab_size) for the token after each one.

        Args:
            image: (batch, num_features) float.
            token_ids: (batch, seq_len) int64, the begin token first.
        """
        outputs, _ = self.stack(token_ids, state=self.read(image))
        logits: Tensor = self.decoder(outputs)
        return logits
