"""Stored models as torch networks: what the naive application serves."""

from collections.abc import Callable
from pathlib import Path

import safetensors.torch

from model_store import ClassifierConfig, GeneratorConfig, StoreReader
from training.export.weights import FILENAME, load_weights
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.nets.config import StackConfig
from training.nets.language_model import LanguageModel, LanguageModelConfig

Encode = Callable[[str], list[int]]
Decode = Callable[[list[int]], str]


def open_classifier(store_dir: str, name: str) -> tuple[tuple[str, ...], Encode, TextClassifier]:
    """Return a stored classifier's labels, text encoder and network."""
    stored = StoreReader(Path(store_dir)).open(name)
    config, tokenizer, weights = stored.config, stored.tokenizer(), stored.read(FILENAME)
    assert isinstance(config, ClassifierConfig), f"{name} is no classifier"
    assert config.pooling in ("concat", "last"), f"{name} was not trained here"
    output_rows = safetensors.torch.load(weights)["output.weight"].shape[0]
    net = TextClassifier(
        ClassifierNetConfig(
            _stack(config, bidirectional=config.bidirectional),
            num_classes=len(config.labels),
            pooling=config.pooling,
            dense_dims=config.dense_dims,
            sigmoid_output=output_rows == 1,
        )
    )
    load_weights(net, weights)
    return config.labels, lambda text: config.input_ids(text, tokenizer), net.eval()


def open_generator(store_dir: str, name: str) -> tuple[Encode, Decode, LanguageModel]:
    """Return a stored generator's prompt encoder, decoder and network."""
    stored = StoreReader(Path(store_dir)).open(name)
    config, tokenizer = stored.config, stored.tokenizer()
    assert isinstance(config, GeneratorConfig), f"{name} is no generator"
    net = LanguageModel(LanguageModelConfig(_stack(config), tie_weights=config.tie_weights))
    load_weights(net, stored.read(FILENAME))
    return lambda text: config.input_ids(text, tokenizer), tokenizer.decode, net.eval()


def _stack(
    config: ClassifierConfig | GeneratorConfig, *, bidirectional: bool = False
) -> StackConfig:
    return StackConfig(
        config.vocab_size,
        config.embedding_dim,
        config.hidden_size,
        num_layers=config.num_layers,
        cell=config.cell,
        bidirectional=bidirectional,
    )
