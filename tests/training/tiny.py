"""Nets small enough to be run thousands of times."""

import torch

from training.nets.config import StackConfig
from training.nets.recurrent import RecurrentStack

CELLS = ["gru", "lstm", "rnn"]


def stack_config(**changes):
    """12 tokens, embedding 5, one LSTM layer of 6, changed as asked."""
    sizes = {"vocab_size": 12, "embedding_dim": 5, "hidden_size": 6}
    return StackConfig(**{**sizes, **changes})


def stack(**changes):
    torch.manual_seed(0)
    return RecurrentStack(stack_config(**changes))
