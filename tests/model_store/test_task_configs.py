"""Configurations and golden cases of the tasks beside text classification and generation."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from model_store import NumbersCase, parse_config
from model_store.golden import WordsCase
from model_store.tasks.image_captioning import CaptionerConfig
from model_store.tasks.sequence_classification import SequenceClassifierConfig
from model_store.tasks.token_classification import TaggerConfig
from model_store.tasks.translation import TranslationConfig
from model_store.tasks.vector_classification import VectorClassifierConfig

LAYERS: dict[str, Any] = {"cell": "lstm", "hidden_size": 4, "num_layers": 1}
DECODER: dict[str, Any] = {
    "vocab_size": 9,
    "embedding_dim": 3,
    "bos_id": 1,
    "eos_id": 2,
    "max_tokens": 300,
}
CONFIGS = {
    "sequence": SequenceClassifierConfig(
        **LAYERS, num_features=3, labels=("a", "b"), max_seq_len=5
    ),
    "vector": VectorClassifierConfig(num_features=3, dense_dims=(4,), labels=("a", "b")),
    "captioner": CaptionerConfig(**LAYERS, **DECODER, num_features=3),
    "translator": TranslationConfig(
        **LAYERS, **DECODER, encoder_hidden_size=2, encoder_layers=1, max_source_tokens=8,
        source_language="en", target_language="fr",
    ),
    "tagger": TaggerConfig(
        **LAYERS, labels=("O", "B-X", "I-X"), scheme="bio", word_dim=2, character_dim=2,
        character_hidden_size=2, num_words=5, num_characters=5, max_word_chars=4, max_words=9,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_what_is_written_is_read_back(name):
    assert parse_config(CONFIGS[name].to_bytes()) == CONFIGS[name]


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("sequence", "labels", ["same", "same"]),
        ("sequence", "num_features", 0),
        ("sequence", "max_seq_len", -1),
        ("vector", "labels", ["only"]),
        ("vector", "cell", "lstm"),
        ("captioner", "bos_id", 9),
        ("captioner", "max_tokens", 0),
        ("translator", "max_source_tokens", 0),
        ("translator", "eos_id", 12),
        ("tagger", "scheme", "bioes"),
        ("tagger", "max_word_chars", 1),
    ],
)
def test_a_config_is_read_strictly(name, field, value):
    document = json.loads(CONFIGS[name].to_bytes()) | {field: value}
    with pytest.raises(ValidationError, match=field):
        parse_config(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("name", "case", "reason"),
    [
        ("sequence", NumbersCase(rows=[[1.0, 2.0]], outputs=[0.5, 0.5]), "2 numbers, not 3"),
        ("sequence", NumbersCase(rows=[[1.0] * 3], outputs=[1.0]), "1 outputs for 2 labels"),
        ("vector", NumbersCase(rows=[[1.0] * 3] * 2, outputs=[0.5, 0.5]), "2 rows, at most 1"),
        ("captioner", NumbersCase(rows=[[1.0] * 3], outputs=[0.1] * 10), "10 outputs for 9"),
        ("tagger", WordsCase(text="a b", words=["a"], outputs=[0.1] * 3), "other words now"),
        ("tagger", WordsCase(text="a b", words=["a", "b"], outputs=[0.1] * 5), "5 outputs for 2"),
    ],
)
def test_golden_answers_of_another_model_are_refused(name, case, reason):
    with pytest.raises(ValueError, match=reason):
        CONFIGS[name].check_case(case, None)
