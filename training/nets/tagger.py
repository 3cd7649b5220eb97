"""The many-to-many network for aligned labels: words in, label logits for each of them out.

A recurrent network over each word's characters below one over words, both bidirectional (Lample et
al. 2016, Ma and Hovy 2016), so that words never seen are read by their spelling.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model_store.words import UNKNOWN
from training.nets.classifier import pool
from training.nets.config import Cell, StackConfig
from training.nets.recurrent import RecurrentLayers, RecurrentStack


@dataclass(frozen=True, slots=True)
class TaggerNetConfig:
    """A tagger.

    Args:
        num_words: Ids of words.
        num_characters: Ids of characters.
        num_labels: Labels, 2 and up.
        hidden_size: Width of each word layer in each direction.
        num_layers: Layers over words, 1 and up.
        cell: "rnn", "lstm" or "gru", of both networks.
        word_dim: Width of a word's vector.
        character_dim: Width of a character's vector.
        character_hidden_size: Width of the character network in each direction.
        word_dropout: Share of words that training reads by their characters alone, [0, 1).
        dropout: Locked dropout on words, between layers and before the output, [0, 1).
        weight_dropout: Share of hidden-to-hidden weights zeroed for a whole batch, [0, 1).
    """

    num_words: int
    num_characters: int
    num_labels: int
    hidden_size: int = 200
    num_layers: int = 2
    cell: Cell = "lstm"
    word_dim: int = 100
    character_dim: int = 32
    character_hidden_size: int = 48
    word_dropout: float = 0.0
    dropout: float = 0.0
    weight_dropout: float = 0.0

    @property
    def characters(self) -> StackConfig:
        """The layer over characters, with their embedding."""
        return StackConfig(
            vocab_size=self.num_characters,
            embedding_dim=self.character_dim,
            hidden_size=self.character_hidden_size,
            cell=self.cell,
            bidirectional=True,
        )

    @property
    def stack(self) -> StackConfig:
        """The layers over words; what they read is a word's vector and its characters'."""
        return StackConfig(
            vocab_size=self.num_words,
            embedding_dim=self.word_dim + 2 * self.character_hidden_size,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            cell=self.cell,
            bidirectional=True,
            input_dropout=self.dropout,
            hidden_dropout=self.dropout,
            output_dropout=self.dropout,
            weight_dropout=self.weight_dropout,
        )


class Tagger(nn.Module):
    """Character network, word vectors, recurrent layers, a label layer."""

    def __init__(self, config: TaggerNetConfig) -> None:
        """Build the network that `config` describes."""
        super().__init__()
        self.config = config
        self.characters = RecurrentStack(config.characters)
        self.words = nn.Embedding(config.num_words, config.word_dim)
        nn.init.uniform_(self.words.weight, -0.1, 0.1)
        self.stack = RecurrentLayers(config.stack)
        self.output = nn.Linear(2 * config.hidden_size, config.num_labels)

    def spell(self, char_ids: Tensor, char_lengths: Tensor) -> Tensor:
        """Return what the characters of words say, (batch, num_words, 2 * character_hidden_size).

        Args:
            char_ids: (batch, num_words, max_word_chars) int64, padded on the right.
            char_lengths: (batch, num_words) int64, at least 1.
        """
        flat = char_ids.flatten(0, 1)
        lengths = char_lengths.flatten()
        outputs, _ = self.characters(flat, lengths)
        size = self.config.character_hidden_size
        ends = pool(outputs, lengths, pooling="last", hidden_size=size)
        return ends.view(*char_lengths.shape, -1)

    def forward(
        self, word_ids: Tensor, char_ids: Tensor, char_lengths: Tensor, lengths: Tensor
    ) -> Tensor:
        """Return logits (batch, num_words, num_labels), undefined in the padding.

        Args:
            word_ids: (batch, num_words) int64, padded on the right.
            char_ids: (batch, num_words, max_word_chars) int64, padded on the right.
            char_lengths: (batch, num_words) int64, 1 in the padding.
            lengths: (batch,) int64 words of each text, at least 1.
        """
        if self.training and self.config.word_dropout > 0:
            is_hidden = torch.rand(word_ids.shape) < self.config.word_dropout
            word_ids = word_ids.masked_fill(is_hidden, UNKNOWN)
        vectors = torch.cat([self.words(word_ids), self.spell(char_ids, char_lengths)], dim=2)
        outputs, _ = self.stack.run(vectors, lengths)
        logits: Tensor = self.output(outputs)
        return logits
