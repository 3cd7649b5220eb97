"""Nets small enough to be run thousands of times, and data that they learn in a second."""

import numpy as np
import torch

from training.fitting.schedules import OptimizerOptions
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.nets.config import StackConfig
from training.nets.language_model import LanguageModel, LanguageModelConfig
from training.nets.recurrent import RecurrentStack
from training.tasks.text_classification.module import ClassifierModule
from training.tasks.text_generation.module import LanguageModelModule

CELLS = ["gru", "lstm", "rnn"]


def stack_config(**changes):
    """12 tokens, embedding 5, one LSTM layer of 6, changed as asked."""
    sizes = {"vocab_size": 12, "embedding_dim": 5, "hidden_size": 6}
    return StackConfig(**{**sizes, **changes})


def stack(**changes):
    torch.manual_seed(0)
    return RecurrentStack(stack_config(**changes))


def classifier_task(*, learning_rate=0.1, optimizer="adamw", **changes):
    """A classifier with dropout, seeded."""
    net_options = {key: changes.pop(key) for key in ("pooling", "num_classes") if key in changes}
    torch.manual_seed(0)
    config = ClassifierNetConfig(
        stack_config(output_dropout=0.3, **changes), **{"num_classes": 2, **net_options}
    )
    return ClassifierModule(TextClassifier(config), optimizer_options(learning_rate, optimizer))


def language_task(*, learning_rate=0.02, **changes):
    """A language model with dropout, seeded."""
    torch.manual_seed(0)
    config = LanguageModelConfig(stack_config(**{"output_dropout": 0.3, **changes}))
    return LanguageModelModule(LanguageModel(config), optimizer_options(learning_rate, "adamw"))


def optimizer_options(learning_rate, optimizer):
    return OptimizerOptions(optimizer=optimizer, learning_rate=learning_rate, schedule="slanted")


def labelled_rows(count, *, seed=0, length=8):
    """Random texts; the label says whether token 3 is among them."""
    generator = np.random.default_rng(seed)
    rows = generator.integers(4, 12, (count, length))
    labels = generator.integers(2, size=count)
    with_it = np.flatnonzero(labels)
    rows[with_it, generator.integers(length, size=len(with_it))] = 3
    return rows.tolist(), labels.tolist()


def stream(num_tokens, *, seed=0):
    """Tokens that mostly go up by one."""
    steps = np.random.default_rng(seed).choice([1, 2], num_tokens, p=[0.9, 0.1])
    return (np.cumsum(steps) % 12).astype(np.int32)
