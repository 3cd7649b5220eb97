import math

import pytest
from pydantic import ValidationError

from model_store import TOLERANCE, Golden, TextCase, Tokenizer, parse_config
from model_store.version import parse_golden
from tests.model_store.conftest import classifier_files, generator_files


def parts(files):
    """Return the tokenizer, the configuration and the first golden case of a version's files."""
    tokenizer = Tokenizer.from_bytes(files["tokenizer.json"])
    config = parse_config(files["config.json"])
    return tokenizer, config, parse_golden(files["golden.json"], tokenizer, config).cases[0]


@pytest.mark.parametrize("files", [classifier_files(), generator_files()])
def test_what_is_written_is_read_back(files):
    tokenizer, config, case = parts(files)

    assert parse_golden(Golden(cases=[case]).to_bytes(), tokenizer, config).cases == [case]


def test_a_classifier_reads_the_text_cut_to_its_limit():
    tokenizer, config, _ = parts(classifier_files())

    ids = config.input_ids("good film bad good bad film", tokenizer)

    assert ids == tokenizer.encode_ids("good film bad good")


def test_a_generator_reads_bos_then_the_wrapped_prompt():
    tokenizer, config, _ = parts(generator_files())

    assert config.input_ids("abc", tokenizer) == [config.bos_id, *tokenizer.encode_ids("abc: ")]


@pytest.mark.parametrize(
    ("files", "change", "reason"),
    [
        (classifier_files(), {"token_ids": [1, 1]}, r"cases\.0: its text gives other token_ids"),
        (classifier_files(), {"text": "a bad film"}, r"cases\.0: its text gives other token_ids"),
        (classifier_files(), {"outputs": [1.0]}, r"cases\.0: 1 outputs for 2 labels"),
        (generator_files(), {"outputs": [-1.0] * 16}, r"cases\.0: 16 outputs for 15 tokens"),
    ],
)
def test_golden_answers_of_another_model_are_refused(files, change, reason):
    tokenizer, config, case = parts(files)
    golden = Golden(cases=[case.model_copy(update=change)])

    with pytest.raises(ValueError, match=reason):
        parse_golden(golden.to_bytes(), tokenizer, config)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"cases": []}',
        b'{"cases": [{"text": "a", "token_ids": [], "outputs": [1.0]}]}',
        b'{"cases": [{"text": "a", "token_ids": [1], "outputs": []}]}',
        b'{"cases": [{"text": "a", "token_ids": [1], "outputs": [NaN]}]}',
        b'{"cases": [{"text": "a", "token_ids": [-1], "outputs": [1.0]}]}',
    ],
)
def test_what_proves_nothing_is_refused(data):
    tokenizer, config, _ = parts(classifier_files())

    with pytest.raises(ValidationError):
        parse_golden(data, tokenizer, config)


@pytest.mark.parametrize(
    ("outputs", "difference"),
    [
        ([0.25, 0.75], 0.0),
        ([0.25, 0.75, 9.0], 0.0),
        ([0.5, 0.25], 0.5),
        ([0.25], math.inf),
        ([], math.inf),
        ([math.nan, 0.75], math.inf),
        ([0.25, math.nan], math.inf),
        ([0.25, -math.inf], math.inf),
    ],
)
def test_the_difference_is_the_largest_one(outputs, difference):
    case = TextCase(text="a", token_ids=[1], outputs=[0.25, 0.75])

    assert case.difference(outputs) == difference


def test_the_tolerance_is_what_the_documentation_says():
    assert TOLERANCE == 1e-4
