"""Embedding dropout: a token dropped from the vocabulary for a whole batch.

Gal and Ghahramani 2016; in language models Merity et al. 2018 (AWD-LSTM).
"""

import torch
from torch import Tensor
from torch.nn.functional import embedding


def dropped_embedding(token_ids: Tensor, table: Tensor, rate: float) -> Tensor:
    """Look up tokens in a table some of whose rows are zeroed, the rest scaled up to match.

    Args:
        token_ids: (batch, seq_len).
        table: (vocab_size, embedding_dim).
        rate: Share of rows dropped, [0, 1).

    Returns:
        (batch, seq_len, embedding_dim).
    """
    keep = torch.empty(table.shape[0], 1, device=table.device).bernoulli_(1 - rate) / (1 - rate)
    return embedding(token_ids, table) * embedding(token_ids, keep)
