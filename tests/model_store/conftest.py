"""Tiny but whole models to publish, in their own store."""

import pytest

from model_store import (
    About,
    ClassifierConfig,
    GeneratorConfig,
    Golden,
    PrimaryMetric,
    Store,
    TextCase,
)
from tests.model_store.vocabularies import characters, words


def classifier_files(**changes):
    """Return the files of a sound classifier; `changes` replaces some of them."""
    tokenizer = words(["good", "bad", "film", "<b>"])
    config = ClassifierConfig(
        cell="lstm",
        vocab_size=tokenizer.vocab_size,
        embedding_dim=4,
        hidden_size=8,
        num_layers=1,
        labels=("negative", "positive"),
        max_seq_len=4,
    )
    text = "A good<br />film, good good!"
    case = TextCase(text=text, token_ids=config.input_ids(text, tokenizer), outputs=[0.25, 0.75])
    files = {
        "config.json": config.to_bytes(),
        "tokenizer.json": tokenizer.to_bytes(),
        "model.onnx": bytes(range(256)),
        "golden.json": Golden(cases=[case]).to_bytes(),
        "README.md": b"# A tiny model\n",
    }
    return files | changes


def generator_files():
    """Return the files of a sound generator of characters."""
    tokenizer = characters("abcdefgh: \n")
    config = GeneratorConfig(
        cell="gru",
        vocab_size=tokenizer.vocab_size,
        embedding_dim=4,
        hidden_size=8,
        num_layers=2,
        prompt_suffix=": ",
        bos_id=tokenizer.bos_id,
        eos_id=tokenizer.eos_id,
        max_prompt_tokens=32,
        max_tokens=256,
    )
    case = TextCase(text="abc", token_ids=config.input_ids("abc", tokenizer), outputs=[-2.5])
    return {
        "config.json": config.to_bytes(),
        "tokenizer.json": tokenizer.to_bytes(),
        "model.onnx": b"graph",
        "golden.json": Golden(cases=[case]).to_bytes(),
    }


def about(accuracy=None, **fields):
    """Return what an exporter says; with an accuracy it is the primary metric."""
    if accuracy is not None:
        fields["metrics"] = {"test_accuracy": accuracy}
        fields["primary_metric"] = PrimaryMetric(name="test_accuracy", higher_is_better=True)
    return About(**{"task": "text-classification"} | fields)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "models")


@pytest.fixture
def publish(store):
    """Publish a sound classifier as `film` and return its version."""

    def publish(accuracy=None, name="film"):
        return store.publish(name, classifier_files(), about(accuracy))

    return publish
