"""Attention over a memory of fixed length (Luong et al. 2015, section 3.1).

Knows nothing of who asks or what is remembered: vectors in, their mixture out. The exported graph
does the same sums in the same order (`training/tasks/translation/graph.py`).
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

MASKED = -1e9  # a score that far below any other has the weight 0 exactly in float32


def memory_mask(lengths: Tensor, num_places: int) -> Tensor:
    """Return what is added to the scores: 0 at real places, -1e9 behind them.

    Args:
        lengths: (batch,) real places of each row, at least 1.
        num_places: Places of the memory.

    Returns:
        (batch, num_places) float32.
    """
    positions = torch.arange(num_places, device=lengths.device)
    padding = positions[None, :] >= lengths[:, None]
    return padding.float() * MASKED


def padded_memory(memory: Tensor, num_places: int) -> Tensor:
    """Return (batch, seq_len, hidden_size) with zeros behind it, (batch, num_places, …)."""
    return pad(memory, (0, 0, 0, num_places - memory.shape[1]))


def attend(queries: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mix the memory by how well each place answers each query.

    Scores are dot products. Where the memory is a linear map of the encoder's states, as in the
    translator, that is Luong's "general" score with its matrix taken out of every step.

    Args:
        queries: (batch, num_queries, hidden_size).
        memory: (batch, num_places, hidden_size), zeros where `mask` is not 0.
        mask: (batch, num_places), see `memory_mask`.

    Returns:
        Contexts (batch, num_queries, hidden_size) and attention (batch, num_queries, num_places),
        which sums to 1 over the places.
    """
    scores = queries @ memory.transpose(1, 2) + mask[:, None, :].to(queries.dtype)
    attention = torch.softmax(scores.float(), dim=2)  # bfloat16 cannot tell 0.99 from 0.995
    return attention.to(memory.dtype) @ memory, attention
