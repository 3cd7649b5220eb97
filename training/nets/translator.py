"""The many-to-many network for texts of different length: a sentence in, another one out.

A bidirectional encoder reads the source; a recurrent decoder writes the target, attending to what
was read (Bahdanau et al. 2015, Luong et al. 2015). The decoder's first layer asks, and what it
finds goes into the layer above, as in Wu et al. 2016, figure 1: the upper layer remembers what was
attended to, and yet no step has to wait for another layer's previous one, so that training runs
each layer over the whole target in one call.

    target tokens ─▶ layer 0 ─▶ attention ─▶ layer 1 … ─▶ W [hidden; context] ─▶ logits
                        └────────────┴──────────┘
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from training.nets.attention import attend, memory_mask, padded_memory
from training.nets.cells import State
from training.nets.classifier import pool
from training.nets.config import Cell, StackConfig
from training.nets.locked_dropout import LockedDropout
from training.nets.recurrent import RecurrentLayer, RecurrentStack


@dataclass(frozen=True, slots=True)
class TranslatorConfig:
    """A recurrent encoder and decoder with attention; both languages share one vocabulary.

    Args:
        vocab_size: Tokens of both languages together.
        embedding_dim: Width of a token's vector, read and written.
        hidden_size: Width of the decoder's layers and of the memory.
        num_layers: Layers of the decoder, 1 and up.
        encoder_hidden_size: Width of each encoder layer in each direction.
        encoder_layers: Layers of the encoder, 1 and up.
        max_source_tokens: Places of the memory; longer sources do not fit.
        cell: "rnn", "lstm" or "gru".
        dropout: Locked dropout on embedded tokens, between layers and before the output, [0, 1).
        weight_dropout: Share of hidden-to-hidden weights zeroed for a whole batch, [0, 1).
    """

    vocab_size: int
    embedding_dim: int
    hidden_size: int
    num_layers: int = 2
    encoder_hidden_size: int = 128
    encoder_layers: int = 2
    max_source_tokens: int = 64
    cell: Cell = "lstm"
    dropout: float = 0.0
    weight_dropout: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        for name in ("num_layers", "encoder_layers", "max_source_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it takes at least 1")

    @property
    def encoder(self) -> StackConfig:
        """The layers that read the source."""
        return StackConfig(
            vocab_size=self.vocab_size,
            embedding_dim=self.embedding_dim,
            hidden_size=self.encoder_hidden_size,
            num_layers=self.encoder_layers,
            cell=self.cell,
            bidirectional=True,
            input_dropout=self.dropout,
            hidden_dropout=self.dropout,
            weight_dropout=self.weight_dropout,
            output_dropout=self.dropout,
        )

    @property
    def embedding_scale(self) -> float:
        """What embedded tokens, and what is compared with them, are multiplied by."""
        return float(self.embedding_dim**0.5)

    @property
    def state_kinds(self) -> tuple[str, ...]:
        """What a layer carries from step to step: hidden, and for an LSTM cell."""
        return ("hidden", "cell") if self.cell == "lstm" else ("hidden",)

    @property
    def decoder_input_sizes(self) -> list[int]:
        """Width of what each decoder layer reads; the second one also reads the context."""
        above = [2 * self.hidden_size] + [self.hidden_size] * (self.num_layers - 2)
        return [self.embedding_dim, *above[: self.num_layers - 1]]


class Source(NamedTuple):
    """A batch of sources as the decoder sees them.

    Attributes:
        memory: (batch, max_source_tokens, hidden_size), zeros behind each source.
        mask: (batch, max_source_tokens), 0 at real tokens, -1e9 behind them.
        states: For each decoder layer its state before the first step.
    """

    memory: Tensor
    mask: Tensor
    states: list[State]


class Decoded(NamedTuple):
    """What the decoder makes of some target tokens.

    Attributes:
        features: (batch, seq_len, embedding_dim), what `logits` turns into scores of next tokens.
        states: The state of each layer after the last token.
        attention: (batch, seq_len, max_source_tokens).
    """

    features: Tensor
    states: list[State]
    attention: Tensor


class Translator(nn.Module):
    """Encoder, attention and decoder.

    `stack` reads the source; its embedding also reads the target, and its transpose writes it
    (Press and Wolf 2017). Where it reads and where it writes, it is multiplied by the root of its
    width (Vaswani et al. 2017, section 3.4): its numbers are small, and without that the first
    thing that a net learns is to answer the same whatever it reads, and it stays there for long.
    """

    def __init__(self, config: TranslatorConfig) -> None:
        """Build the network that `config` describes."""
        super().__init__()
        self.config = config
        self.stack = RecurrentStack(config.encoder)
        self.decoder_layers = nn.ModuleList(
            RecurrentLayer(
                config.cell, size, config.hidden_size, weight_dropout=config.weight_dropout
            )
            for size in config.decoder_input_sizes
        )
        read = config.encoder.output_dim
        # No bias: what lies behind a source is zero, and has to stay so.
        self.remember = nn.Linear(read, config.hidden_size, bias=False)
        self.start = nn.ModuleDict(
            {
                kind: nn.Linear(read, config.num_layers * config.hidden_size)
                for kind in config.state_kinds
            }
        )
        self.combine = nn.Linear(2 * config.hidden_size, config.embedding_dim)
        self.output_bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.dropout = LockedDropout(config.dropout)
        for layer in (self.remember, self.combine, *self.start.values()):
            assert isinstance(layer, nn.Linear)
            nn.init.xavier_uniform_(layer.weight)  # Glorot and Bengio 2010

    def embed(self, token_ids: Tensor) -> Tensor:
        """Return the vectors (batch, seq_len, embedding_dim) of tokens."""
        return self.stack.embed(token_ids) * self.config.embedding_scale

    def encode(
        self, token_ids: Tensor, lengths: Tensor, *, num_places: int | None = None
    ) -> Source:
        """Read sources.

        Args:
            token_ids: (batch, seq_len) int64, padded on the right.
            lengths: (batch,) int64, at least 1.
            num_places: Places of the memory, `max_source_tokens` if left out.

        Raises:
            ValueError: A source is longer than the memory.
        """
        num_places = num_places or self.config.max_source_tokens
        if token_ids.shape[1] > num_places:
            raise ValueError(
                f"a source has {token_ids.shape[1]} tokens, max_source_tokens is {num_places}: "
                "cut it, or build the network with more"
            )
        outputs, _ = self.stack.run(self.embed(token_ids), lengths)
        mask = memory_mask(lengths, num_places)
        memory = padded_memory(self.remember(outputs), num_places)
        memory = memory * (mask == 0)[:, :, None].to(memory.dtype)
        return Source(memory, mask, self._start_states(outputs, lengths))

    def _start_states(self, outputs: Tensor, lengths: Tensor) -> list[State]:
        """Return each decoder layer's first state, made of what both directions end with."""
        size = self.config.encoder_hidden_size
        ends = pool(outputs, lengths, pooling="last", hidden_size=size)
        made = [torch.tanh(self.start[kind](ends)) for kind in self.config.state_kinds]
        by_layer = [part.chunk(self.config.num_layers, dim=1) for part in made]
        return [tuple(part.contiguous() for part in state) for state in zip(*by_layer, strict=True)]

    def decode(self, token_ids: Tensor, source: Source) -> Decoded:
        """Read target tokens, attending to the source.

        Args:
            token_ids: (batch, seq_len) int64: the begin token and what was written so far, or,
                with the states of the step before in `source`, what was written since.
            source: What `encode` returned; `source.states` is where to go on from.
        """
        vectors = self.dropout(self.embed(token_ids))
        outputs, state = self.decoder_layers[0](vectors, source.states[0])
        states = [state]
        contexts, attention = attend(outputs, source.memory.to(outputs.dtype), source.mask)
        for index, layer in enumerate(list(self.decoder_layers)[1:], start=1):
            inputs = self.dropout(outputs)
            if index == 1:
                inputs = torch.cat([inputs, contexts], dim=2)
            outputs, state = layer(inputs, source.states[index])
            states.append(state)
        both = torch.cat([self.dropout(outputs), contexts], dim=2)
        features = self.dropout(self.combine(both))
        return Decoded(features, states, attention)

    def logits(self, features: Tensor) -> Tensor:
        """Return the scores (…, vocab_size) of next tokens, given features (…, embedding_dim)."""
        scaled = features * self.config.embedding_scale
        return linear(scaled, self.stack.embedding.weight, self.output_bias)

    def forward(self, token_ids: Tensor, lengths: Tensor, target_ids: Tensor) -> Tensor:
        """Return logits (batch, target_len, vocab_size) for the token after each target token.

        Args:
            token_ids: Sources (batch, seq_len) int64, padded on the right.
            lengths: (batch,) int64 tokens of each source, at least 1.
            target_ids: (batch, target_len) int64, begin token first, padded on the right.
        """
        # Places behind the longest source have no weight: without them there is less to do.
        source = self.encode(token_ids, lengths, num_places=token_ids.shape[1])
        return self.logits(self.decode(target_ids, source).features)
