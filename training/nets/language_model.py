"""The one-to-many network: predicts each next token from all before it."""

from dataclasses import dataclass

from torch import Tensor, nn

from training.nets.cells import State
from training.nets.config import StackConfig
from training.nets.recurrent import RecurrentStack


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


class LanguageModel(nn.Module):
    """Recurrent stack and an output layer over the vocabulary."""

    def __init__(self, config: LanguageModelConfig) -> None:
        """Build the network that `config` describes."""
        super().__init__()
        self.config = config
        self.stack = RecurrentStack(config.stack)
        self.decoder = nn.Linear(config.stack.hidden_size, config.stack.vocab_size)
        nn.init.zeros_(self.decoder.bias)
        if config.tie_weights:
            self.decoder.weight = self.stack.embedding.weight

    def forward(
        self, token_ids: Tensor, state: list[State] | None = None
    ) -> tuple[Tensor, list[State]]:
        """Return logits for the token after each one, and the state to go on from.

        Args:
            token_ids: (batch, seq_len) int64, without padding.
            state: A state per layer; zeros when None.

        Returns:
            Logits (batch, seq_len, vocab_size) and the state per layer.
        """
        hidden_states, states = self.stack(token_ids, state=state)
        return self.decoder(hidden_states), states
