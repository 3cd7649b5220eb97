"""Language models to go on from: generators in the model store."""

from dataclasses import dataclass
from typing import Any

from model_store import GeneratorConfig, Store, StoredVersion, Tokenizer
from model_store.config import TextConfig
from training.export.weights import FILENAME, load_weights
from training.nets.config import StackConfig
from training.nets.language_model import LanguageModel, LanguageModelConfig
from training.references import open_reference


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A language model to go on from.

    Args:
        net: The language model.
        tokenizer: What it reads with.
    """

    net: LanguageModel
    tokenizer: Tokenizer

    @property
    def shape(self) -> dict[str, Any]:
        """The fields of `StackConfig` that must be taken over."""
        return shape_of(self.net.config.stack)


def stack_of(config: TextConfig) -> StackConfig:
    """Return a stored network's layers in the words of training."""
    return StackConfig(
        vocab_size=config.vocab_size,
        embedding_dim=config.embedding_dim,
        hidden_size=config.hidden_size,
        num_layers=config.num_layers,
        cell=config.cell,
    )


def shape_of(stack: StackConfig) -> dict[str, Any]:
    """Return the fields of `StackConfig` that must be taken over with a network's layers."""
    names = ("embedding_dim", "hidden_size", "num_layers", "cell")
    return {name: getattr(stack, name) for name in names}


def language_model(stored: StoredVersion) -> LanguageModel:
    """Rebuild the torch net of a stored generator.

    Raises:
        ValueError: It is not a generator.
    """
    config = stored.config
    if not isinstance(config, GeneratorConfig):
        raise ValueError(f"{stored.name}:{stored.version} is no generator but {config.task}")
    stack = stack_of(config)
    net = LanguageModel(LanguageModelConfig(stack, tie_weights=config.tie_weights))
    load_weights(net, stored.read(FILENAME))
    return net


def open_pretrained(store: Store, reference: str) -> Pretrained:
    """Open the generator `NAME[:VERSION]`.

    Raises:
        ValueError: It is not a generator.
        model_store.StoreError: The store does not have it, or it is damaged.
    """
    stored = open_reference(store, reference)
    return Pretrained(language_model(stored), stored.tokenizer())
