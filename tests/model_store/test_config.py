import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from model_store import (
    ClassifierConfig,
    GeneratorConfig,
    SamplingDefaults,
    parse_config,
)
from model_store.config import INT8_WEIGHTS
from model_store.tasks.sequence_classification import SequenceClassifierConfig

SIZES: dict[str, Any] = {
    "cell": "lstm",
    "vocab_size": 10,
    "embedding_dim": 4,
    "hidden_size": 8,
    "num_layers": 1,
}


def classifier(**fields):
    return ClassifierConfig(**SIZES | {"labels": ("no", "yes"), "max_seq_len": 5} | fields)


def generator(**fields):
    return GeneratorConfig(
        **SIZES | {"bos_id": 2, "max_prompt_tokens": 64, "max_tokens": 512} | fields
    )


@pytest.mark.parametrize(
    "config",
    [
        classifier(),
        classifier(dense_dims=(256, 16), pooling="last", bidirectional=True, truncation="both"),
        classifier(precision="int8"),
        generator(),
        generator(prompts=("English", "Русский"), prompt_suffix="\n", eos_id=3, tie_weights=True),
        generator(sampling=SamplingDefaults(max_tokens=9, temperature=0, stop=("\n\n",))),
    ],
)
def test_what_is_written_is_read_back(config):
    assert parse_config(config.to_bytes()) == config


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task", "text-translation"),
        ("cell", "transformer"),
        ("vocab_size", 0),
        ("vocab_size", "10"),
        ("hidden_size", 8.5),
        ("num_layers", -1),
        ("labels", ["only"]),
        ("labels", ["same", "same"]),
        ("labels", ["", "empty"]),
        ("max_seq_len", 0),
        ("truncation", "middle"),
        ("bidirectional", 1),
        ("dense_dims", [0]),
        ("surprise", 1),
    ],
)
def test_a_classifier_is_read_strictly(field, value):
    document = json.loads(classifier().to_bytes()) | {field: value}

    with pytest.raises(ValidationError, match=field):
        parse_config(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bos_id", 10),
        ("eos_id", 10),
        ("bos_id", -1),
        ("max_tokens", 0),
        ("prompts", ["a", "a"]),
        ("labels", ["a", "b"]),
        ("sampling", {"max_tokens": 513}),
        ("sampling", {"temperature": 2.1}),
        ("sampling", {"top_k": -1}),
        ("sampling", {"top_p": 0}),
        ("sampling", {"min_p": 1.1}),
        ("sampling", {"repetition_penalty": 0}),
        ("sampling", {"stop": [""]}),
    ],
)
def test_a_generator_is_read_strictly(field, value):
    document = json.loads(generator().to_bytes()) | {field: value}

    with pytest.raises(ValidationError, match=field):
        parse_config(json.dumps(document).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"task": "text-generation"}'])
def test_what_is_no_config_is_refused(data):
    with pytest.raises(ValidationError):
        parse_config(data)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_8_bit_versions_of_every_cell_need_their_weights(cell):
    assert INT8_WEIGHTS in classifier(cell=cell, precision="int8").needed_files
    assert INT8_WEIGHTS not in classifier(cell=cell).needed_files


def test_int8_is_refused_for_tasks_that_the_engine_does_not_run():
    sizes: dict[str, Any] = {"cell": "gru", "hidden_size": 8, "num_layers": 1}
    sizes |= {"num_features": 3, "max_seq_len": 9}
    with pytest.raises(ValidationError, match="use fp32"):
        SequenceClassifierConfig(**sizes, labels=("a", "b"), precision="int8")


@pytest.mark.parametrize(
    ("truncation", "kept"),
    [("head", [0, 1, 2, 3, 4]), ("tail", [4, 5, 6, 7, 8]), ("both", [0, 1, 2, 7, 8])],
)
def test_a_long_text_keeps_its(truncation, kept):
    assert classifier(truncation=truncation).cut(range(9)) == kept


@given(
    num_tokens=st.integers(0, 40),
    max_seq_len=st.integers(1, 40),
    truncation=st.sampled_from(["head", "tail", "both"]),
)
def test_cutting_keeps_order_and_never_more_than_the_limit(num_tokens, max_seq_len, truncation):
    kept = classifier(max_seq_len=max_seq_len, truncation=truncation).cut(range(num_tokens))

    assert len(kept) == min(num_tokens, max_seq_len)
    assert kept == sorted(set(kept))


def test_a_prompt_is_wrapped():
    assert generator(prompt_prefix="<", prompt_suffix=">\n").wrap("French") == "<French>\n"


def test_a_config_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        classifier().hidden_size = 9
