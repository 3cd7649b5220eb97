"""Losses over large vocabularies and smoothed labels."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


class SampledSoftmax(nn.Module):
    """Cross entropy against the true token and a few drawn ones, instead of all.

    Logits are corrected by the log of how often a token is expected among the draws (Bengio and
    Senecal 2008; Jean et al. 2015), so that the model learns the same distribution as with the
    full softmax. All rows of a batch share the draws.

    Args:
        token_counts: (vocab_size,) occurrences in the training text; tokens are drawn in
            proportion to counts ** 0.75.
        num_sampled: Tokens drawn for each batch, with replacement.
    """

    draw_probs: Tensor

    def __init__(self, token_counts: Tensor, *, num_sampled: int) -> None:
        """Fix the proposal distribution."""
        super().__init__()
        weights = (token_counts.double() + 1) ** 0.75
        self.register_buffer("draw_probs", (weights / weights.sum()).float(), persistent=False)
        self.num_sampled = num_sampled

    def forward(self, hidden: Tensor, targets: Tensor, *, decoder: nn.Linear) -> Tensor:
        """Return the mean loss in nats, comparable between steps but not a true perplexity.

        Args:
            hidden: (rows, hidden_size).
            targets: (rows,) true next tokens.
            decoder: The output layer over the whole vocabulary.
        """
        drawn = torch.multinomial(self.draw_probs, self.num_sampled, replacement=True)
        expected = torch.log(self.draw_probs * self.num_sampled)
        true_logits = (hidden * decoder.weight[targets]).sum(dim=1) + decoder.bias[targets]
        drawn_logits = hidden @ decoder.weight[drawn].T + decoder.bias[drawn]
        hits = drawn[None, :] == targets[:, None]  # a drawn token that is the answer
        drawn_logits = (drawn_logits.float() - expected[drawn]).masked_fill(hits, -1e9)
        logits = torch.cat([(true_logits.float() - expected[targets])[:, None], drawn_logits], 1)
        return cross_entropy(logits, torch.zeros_like(targets))
