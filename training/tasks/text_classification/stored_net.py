"""The torch net of a stored text classifier, rebuilt from its configuration and weights."""

from dataclasses import replace

import torch
from safetensors.torch import load

from model_store import ClassifierConfig, StoredVersion
from training.export.weights import FILENAME, load_weights
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.nets.ngrams import NgramPath
from training.tasks.text_generation.pretrained import stack_of


def classifier_of(stored: StoredVersion) -> TextClassifier:
    """Rebuild the net of a stored classifier, in evaluation mode.

    Raises:
        ValueError: It is none, or its weights are not those of such a net.
    """
    config, data = stored.config, stored.read(FILENAME)
    if not isinstance(config, ClassifierConfig):
        raise ValueError(f"{stored.name}:{stored.version} is no text classifier")
    if config.pooling not in ("concat", "last"):
        raise ValueError(f"{stored.name}:{stored.version} was imported: it is no network of ours")
    tensors = load(data)
    net = TextClassifier(
        ClassifierNetConfig(
            replace(stack_of(config), bidirectional=config.bidirectional),
            num_classes=len(config.labels),
            pooling=config.pooling,
            dense_dims=config.dense_dims,
            sigmoid_output=len(tensors["output.bias"]) == 1,
        )
    )
    if config.ngrams:
        parts = {name: tensors[f"ngrams.{name}"] for name in ("buckets", "keys", "table", "bias")}
        empty = {
            name: torch.zeros_like(part, dtype=torch.float32 if part.is_floating_point() else None)
            for name, part in parts.items()
        }
        net.ngrams = NgramPath(config.ngrams, config.vocab_size, **empty)
    load_weights(net, data)
    return net.eval()
