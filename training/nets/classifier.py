"""The many-to-one network: a text in, class logits out."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.nets.config import Pooling, StackConfig
from training.nets.ngrams import NgramPath
from training.nets.recurrent import RecurrentStack

FEWEST_TOKENS = 8  # shorter texts get the temperature of so many: hardly any data set tells theirs


def pool(hidden_states: Tensor, lengths: Tensor, *, pooling: str, hidden_size: int) -> Tensor:
    """Turn a text's hidden states into one vector, padding left out.

    Args:
        hidden_states: (batch, seq_len, output_dim); the second half of output_dim, where there is
            one, comes from a backward pass, whose last state stands at the first token.
        lengths: (batch,) tokens of each row.
        pooling: "last", or "concat" for last, maximum and mean.
        hidden_size: Width of one direction.

    Returns:
        (batch, output_dim), three times as wide for "concat".
    """
    rows = torch.arange(len(lengths), device=lengths.device)
    ends = hidden_states[rows, lengths - 1]  # (batch, output_dim)
    last = torch.cat([ends[:, :hidden_size], hidden_states[:, 0, hidden_size:]], dim=1)
    if pooling == "last":
        return last
    positions = torch.arange(hidden_states.shape[1], device=lengths.device)
    mask = (positions[None, :] < lengths[:, None])[:, :, None]  # True = real token
    maximum = hidden_states.masked_fill(~mask, float("-inf")).amax(dim=1)
    mean = hidden_states.masked_fill(~mask, 0.0).sum(dim=1) / lengths[:, None]
    return torch.cat([last, maximum, mean], dim=1)


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


class TextClassifier(nn.Module):
    """Recurrent stack, pooling, dense layers.

    The logits of a text are divided by a temperature, `temperature` (1,) times its number of tokens
    to the power of `temperature_slope` (1,): 1 and 0 until fitted on validation data. That changes
    how sure the answers are, never which class wins.
    """

    temperature: Tensor
    temperature_slope: Tensor

    def __init__(self, config: ClassifierNetConfig) -> None:
        """Build the network that `config` describes."""
        super().__init__()
        self.config = config
        self.stack = RecurrentStack(config.stack)
        sizes = [config.pooled_dim, *config.dense_dims]
        self.dense = nn.ModuleList(
            nn.Linear(wide, narrow) for wide, narrow in zip(sizes, sizes[1:], strict=False)
        )
        self.output = nn.Linear(sizes[-1], 1 if config.sigmoid_output else config.num_classes)
        self.dropout = nn.Dropout(config.dropout)
        self.ngrams: NgramPath | None = None
        self.register_buffer("temperature", torch.ones(1))
        self.register_buffer("temperature_slope", torch.zeros(1))

    def head(self, pooled: Tensor, lengths: Tensor) -> Tensor:
        """Return the network's logits (batch, num_classes) of texts, pooled (batch, pooled_dim)."""
        for layer in self.dense:
            pooled = torch.relu(layer(self.dropout(pooled)))
        logits: Tensor = self.output(self.dropout(pooled))
        if self.config.sigmoid_output:
            # softmax([0, z]) = [1 - sigma(z), sigma(z)]: one code path for both output layers
            logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
        counted = lengths.clamp(min=FEWEST_TOKENS).to(logits.dtype)
        return logits / (self.temperature * counted**self.temperature_slope)[:, None]

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (batch, num_classes).

        Args:
            token_ids: (batch, seq_len) int64, padded on the right with any valid id.
            lengths: (batch,) int64, at least 1.
        """
        hidden_states, _ = self.stack(token_ids, lengths)
        config = self.config
        pooled = pool(
            hidden_states.float(),  # a mean over many steps needs more than bfloat16
            lengths,
            pooling=config.pooling,
            hidden_size=config.stack.hidden_size,
        )
        logits = self.head(pooled, lengths)
        if self.ngrams is not None:
            rows = torch.arange(len(lengths), device=lengths.device)
            logits = logits + self.ngrams(token_ids, lengths)[rows, lengths - 1]
        return logits
