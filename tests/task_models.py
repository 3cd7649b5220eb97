"""Tiny models of the newer tasks, of random weights, exported and published as training does it."""

from typing import Any

import torch

from model_store import About, SamplingDefaults, Store
from model_store.tasks.token_classification import TaggerConfig
from model_store.tasks.translation import TranslationConfig
from model_store.words import WordVocabulary
from tests.models import byte_tokenizer
from training.export.publish import Described, publish, to_graphs
from training.nets.tagger import Tagger, TaggerNetConfig
from training.nets.translator import Translator, TranslatorConfig
from training.task import task_of
from training.tasks.token_classification.task import MAX_WORD_CHARS

SENTENCES = ("She reads in Paris.", "ok", "Where is it?")


def publish_tagger(root, name="pos", *, labels=("NOUN", "PUNCT", "VERB"), scheme="plain", seed=0):
    """Publish a tagger that knows a few words."""
    torch.manual_seed(seed)
    vocabulary = WordVocabulary(words=["she", "in", "is"], characters="abcdehinoprsSW.?")
    sizes: dict[str, Any] = {
        "word_dim": 4,
        "character_dim": 3,
        "character_hidden_size": 3,
        "hidden_size": 5,
    }
    counts: dict[str, Any] = {
        "num_words": vocabulary.num_words,
        "num_characters": vocabulary.num_characters,
    }
    net = Tagger(TaggerNetConfig(num_labels=len(labels), num_layers=1, **sizes, **counts))
    config = TaggerConfig(
        cell="lstm", num_layers=1, labels=labels, scheme=scheme, max_words=50,
        max_word_chars=MAX_WORD_CHARS, **sizes, **counts,
    )  # fmt: skip
    return _publish(root, name, net, config, vocabulary)


def publish_translator(root, name="en-fr", *, seed=0):
    """Publish a translator of bytes, with a memory of 64 places."""
    torch.manual_seed(seed)
    tokenizer = byte_tokenizer()
    sizes: dict[str, Any] = {
        "vocab_size": tokenizer.vocab_size, "embedding_dim": 6, "hidden_size": 8, "num_layers": 2,
        "encoder_hidden_size": 5, "encoder_layers": 1, "max_source_tokens": 64,
    }  # fmt: skip
    net = Translator(TranslatorConfig(**sizes))
    config = TranslationConfig(
        cell="lstm", source_language="en", target_language="fr", max_tokens=80,
        bos_id=tokenizer.bos_id, eos_id=tokenizer.eos_id,
        sampling=SamplingDefaults(max_tokens=20, temperature=0.0), **sizes,
    )  # fmt: skip
    return _publish(root, name, net, config, tokenizer)


def _publish(root, name, net, config, tokenizer):
    about = About(task=config.task, command="tests/task_models.py")
    described = Described(about, SENTENCES, SENTENCES[0])
    exported = to_graphs(task_of(config), net)
    return publish(
        net, exported, config, tokenizer=tokenizer, store=Store(root), name=name,
        described=described,
    )  # fmt: skip
