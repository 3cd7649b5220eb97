"""Publishes two models with random weights, of the sizes of many published comparisons.

A classifier with one LSTM layer of 64 and a character generator with one of 512, both through
training's own export. Command: `python -m bench.reference STORE_DIR`.
"""

import argparse
import string
from collections.abc import Sequence
from pathlib import Path

import torch

from bench.models import Models
from bench.texts import SHORT, WORDS, make_texts
from model_store import About, ClassifierConfig, GeneratorConfig, SamplingDefaults, Store
from training.data.vocab import train_char, train_word
from training.export.publish import Described, publish, to_graphs
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.nets.config import StackConfig
from training.nets.language_model import LanguageModel, LanguageModelConfig
from training.tasks.text_classification.task import TASK as CLASSIFICATION
from training.tasks.text_generation.task import TASK as GENERATION

COMMAND = "python -m bench.reference"
MAX_SEQ_LEN = 400


def reference_models(store_dir: Path, *, classifier: int = 64, generator: int = 512) -> Models:
    """Publish models with random weights.

    Args:
        store_dir: The store, made if missing.
        classifier: Hidden size of the classifier's LSTM.
        generator: Hidden size of the generator's LSTM.
    """
    torch.manual_seed(0)
    models = Models("reference", store_dir, f"lstm-{classifier}", f"chars-{generator}")
    store = Store(store_dir)
    _publish_classifier(store, models.classifier, classifier)
    _publish_generator(store, models.generator, generator)
    return models


def _publish_classifier(store: Store, name: str, hidden_size: int) -> None:
    texts = make_texts(200, SHORT)
    tokenizer = train_word([*texts, " ".join(WORDS)], vocab_size=10_000)
    stack = StackConfig(tokenizer.vocab_size, 64, hidden_size)
    config = ClassifierConfig(
        cell="lstm",
        vocab_size=stack.vocab_size,
        embedding_dim=stack.embedding_dim,
        hidden_size=hidden_size,
        num_layers=1,
        labels=("negative", "positive"),
        max_seq_len=MAX_SEQ_LEN,
    )
    described = Described(
        About(task="text-classification", metrics={}, command=COMMAND), texts[:2], texts[0]
    )
    net = TextClassifier(ClassifierNetConfig(stack, num_classes=2))
    publish(
        net,
        to_graphs(CLASSIFICATION, net),
        config,
        tokenizer=tokenizer,
        store=store,
        name=name,
        described=described,
    )


def _publish_generator(store: Store, name: str, hidden_size: int) -> None:
    alphabet = string.ascii_letters + string.digits + string.punctuation + " \n"
    tokenizer = train_char([alphabet], vocab_size=200)
    assert tokenizer.bos_id is not None, "every tokenizer of training has a begin token"
    stack = StackConfig(tokenizer.vocab_size, 64, hidden_size)
    config = GeneratorConfig(
        cell="lstm",
        vocab_size=stack.vocab_size,
        embedding_dim=stack.embedding_dim,
        hidden_size=hidden_size,
        num_layers=1,
        bos_id=tokenizer.bos_id,
        max_prompt_tokens=1000,
        max_tokens=4096,
        sampling=SamplingDefaults(max_tokens=200),
    )
    described = Described(
        About(task="text-generation", metrics={}, command=COMMAND), ("", "the story"), "the story"
    )
    net = LanguageModel(LanguageModelConfig(stack))
    publish(
        net,
        to_graphs(GENERATION, net),
        config,
        tokenizer=tokenizer,
        store=store,
        name=name,
        described=described,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Publish the reference models, for a look at them or a profile."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("store_dir", type=Path, help="folder of the store to make")
    print(reference_models(parser.parse_args(argv).store_dir).describe())


if __name__ == "__main__":
    main()
