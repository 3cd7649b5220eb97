"""The one-to-many network: predicts each next token from all before it."""

from torch import Tensor, nn

from training.nets.cells import State
from training.nets.config import LanguageModelConfig
from training.nets.recurrent import RecurrentStack


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
