"""Sizes and regularization of the two networks, as plain frozen data.

Knows nothing of training or files: the exporter translates these into the store's own configs.
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


@dataclass(frozen=True, slots=True)
class ClassifierNetConfig:
    """A many-to-one network.

    Args:
        stack: The recurrent layers.
        num_classes: Classes, 2 and up.
        pooling: "concat" (last, maximum and mean of the hidden states; Howard and Ruder 2018) or
            "last".
        dense_dims: Widths of the ReLU layers between pooling and output.
        dropout: Dropout before each dense layer and the output, [0, 1).
        sigmoid_output: For two classes: one output unit whose sigmoid is the second class's
            probability, instead of a softmax over two units.
    """

    stack: StackConfig
    num_classes: int
    pooling: Pooling = "concat"
    dense_dims: tuple[int, ...] = ()
    dropout: float = 0.0
    sigmoid_output: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.num_classes < 2:
            raise ValueError(f"num_classes is {self.num_classes}; it takes at least 2")
        if self.sigmoid_output and self.num_classes != 2:
            raise ValueError(f"a sigmoid output tells 2 classes apart, not {self.num_classes}")

    @property
    def pooled_dim(self) -> int:
        """Width of the pooled text, the input of the dense layers."""
        return self.stack.output_dim * (3 if self.pooling == "concat" else 1)


@dataclass(frozen=True, slots=True)
class LanguageModelConfig:
    """A one-to-many network: predicts each next token.

    Args:
        stack: The recurrent layers, unidirectional.
        tie_weights: Use the embedding table as the output layer's weights (Press and Wolf 2017;
            needs `embedding_dim == hidden_size`).
    """

    stack: StackConfig
    tie_weights: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.stack.bidirectional:
            raise ValueError("a language model reads forwards only: bidirectional must be False")
        if self.tie_weights and self.stack.embedding_dim != self.stack.hidden_size:
            raise ValueError(
                "tied weights need embedding_dim == hidden_size, got "
                f"{self.stack.embedding_dim} and {self.stack.hidden_size}"
            )
