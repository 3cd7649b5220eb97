"""Versions in 8 bits: their weights made from floats, and opened for the recurrent engine.

Says for each task what of its configuration the engine has to know; runs nothing itself.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_store.config import TaskConfig
from model_store.tasks.text_classification import ClassifierConfig
from model_store.tasks.text_generation import GeneratorConfig
from recurrent.engine import AUTO
from recurrent.language_model import LanguageModel
from recurrent.quantize import quantized_classifier, quantized_language_model
from recurrent.text_classifier import TextClassifier
from recurrent.weights import Tensors, classifier_of, network_of, take


def quantized(config: TaskConfig, state: Tensors) -> dict[str, NDArray[Any]]:
    """Return a version's weights in 8 bits.

    Args:
        config: Its configuration.
        state: Its weights in floats, by the names that trainings give them.

    Raises:
        ValueError: If models for this task have no such form, or a weight is not a finite number.
        KeyError: If a weight is missing.
    """
    if isinstance(config, ClassifierConfig):
        if config.pooling not in ("concat", "last"):
            raise ValueError(
                f"the engine knows no network with pooling {config.pooling!r}, such as it was "
                "imported with"
            )
        return quantized_classifier(
            state,
            cell=config.cell,
            num_layers=config.num_layers,
            num_directions=_num_directions(config),
            num_dense=len(config.dense_dims),
        )
    if isinstance(config, GeneratorConfig):
        is_tied = config.tie_weights
        return quantized_language_model(
            state, cell=config.cell, num_layers=config.num_layers, is_tied=is_tied
        )
    raise ValueError(f"models for {config.task} have no 8-bit form")


def open_text_classifier(
    config: ClassifierConfig, tensors: Tensors, path: str = AUTO
) -> TextClassifier:
    """Return a classifier that runs in 8 bits.

    Args:
        config: Its configuration.
        tensors: Of its file.
        path: See `recurrent.engine.chosen_path`.

    Raises:
        recurrent.weights.BadWeights: If the tensors are not this network's.
        ValueError: If this machine has no such path.
    """
    network = network_of(
        tensors,
        cell=config.cell,
        num_layers=config.num_layers,
        vocab_size=config.vocab_size,
        num_directions=_num_directions(config),
    )
    classifier = classifier_of(
        tensors,
        network,
        is_concat=config.pooling == "concat",
        num_dense=len(config.dense_dims) + 1,
        num_classes=len(config.labels),
        ngrams=(config.ngrams, config.vocab_size),
    )
    temperature, slope = take(tensors, "temperature", np.float32, (2,)).tolist()
    return TextClassifier(classifier, (temperature, slope), path)


def open_language_model(
    config: GeneratorConfig, tensors: Tensors, path: str = AUTO
) -> LanguageModel:
    """Return a generator that runs in 8 bits; arguments and errors as in `open_text_classifier`."""
    network = network_of(
        tensors,
        cell=config.cell,
        num_layers=config.num_layers,
        vocab_size=config.vocab_size,
        has_decoder=True,
    )
    return LanguageModel(network, config.vocab_size, path)


def _num_directions(config: ClassifierConfig) -> int:
    return 2 if config.bidirectional else 1
