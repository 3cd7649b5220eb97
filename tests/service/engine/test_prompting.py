from pathlib import Path

import numpy as np
import pytest

from service.engine.generation_handle import Source
from service.engine.options import EngineOptions
from service.engine.prompt_scoring import SCORED_CHUNK
from service.engine.requests.generate import GenerateRequest, Sampling
from service.engine.scheduler import CHUNK
from service.engine.sealing import Sealer
from service.engine.stepping import Standing
from service.engine.tasks.text_generation.carrying import CarriedStates
from service.engine.tasks.text_generation.inside import GeneratorInside
from service.engine.tasks.text_generation.prompting import PromptBuilder
from service.engine.types import VersionId
from service.errors import InvalidInput
from tests.models import character_tokenizer, generator_config
from tests.service.engine.fakes import NO_WEIGHTS

TOKENIZER = character_tokenizer()


SEALER = Sealer(b"k" * 32, VersionId("fake", 1), "00" * 32)
STATES = CarriedStates(SEALER, (np.zeros((1, 1, 2), np.float32),), TOKENIZER.vocab_size)


SOURCE = Source.of("fake", 1, TOKENIZER)


def build(prompt, *, echo=False, logprobs=None, n=1, state=None, **config):
    builder = PromptBuilder(
        SOURCE,
        generator_config(TOKENIZER, **config),
        tokenizer=TOKENIZER,
        options=EngineOptions(store_dir=Path("unused")),
        states=STATES,
        inside=GeneratorInside(NO_WEIGHTS, SOURCE.tokens),
    )
    request = GenerateRequest(prompt, Sampling(n=n, logprobs=logprobs), echo=echo, state=state)
    return builder.build(request, lambda generation: None)


def ids(text):
    return TOKENIZER.encode_ids(text)


def test_the_begin_token_comes_first_and_is_not_counted():
    prompt = build("abc")

    assert prompt.token_ids == [TOKENIZER.bos_id, *ids("abc")]
    assert prompt.owner.prompt_tokens == 3


def test_an_empty_prompt_is_the_begin_token_alone():
    assert build("").token_ids == [TOKENIZER.bos_id]


def test_prefix_and_suffix_stand_around_the_text_but_not_around_token_ids():
    around = {"prompt_prefix": "a ", "prompt_suffix": "!"}

    assert build("b", **around).token_ids[1:] == ids("a b!")
    assert build(tuple(ids("b")), **around).token_ids[1:] == ids("b")


def test_a_prompt_outside_the_list_is_refused_with_the_list():
    with pytest.raises(InvalidInput, match="Italian, Polish") as refused:
        build("Klingon", prompts=("Italian", "Polish"))

    assert refused.value.param == "prompt"
    assert refused.value.message.startswith("this model takes only these prompts: ")
    assert build("Polish", prompts=("Italian", "Polish")).token_ids[1:] == ids("Polish")


@pytest.mark.parametrize("prompt", ["italian", "ITALIAN", "Itallian"])
def test_a_prompt_nearly_on_the_list_is_told_with_the_one_that_was_meant(prompt):
    with pytest.raises(InvalidInput) as refused:
        build(prompt, prompts=("Italian", "Polish"))

    assert refused.value.message == (
        "did you mean 'Italian'? This model takes only these prompts: Italian, Polish"
    )


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("x" * 401, "401 tokens, this model takes up to 400"),
        ("a\ud800", "lone surrogate"),
        ((5, 999), "token 999"),
        ((-1,), "token -1"),
    ],
    ids=["long", "surrogate", "unknown-id", "negative-id"],
)
def test_a_prompt_that_the_model_cannot_take_is_refused(prompt, message):
    with pytest.raises(InvalidInput, match=message) as refused:
        build(prompt)

    assert refused.value.param == "prompt"


def test_an_echo_with_log_probabilities_is_scored_in_stretches():
    assert build("abc", echo=True, logprobs=1).chunk == SCORED_CHUNK > 1
    assert build("abc", echo=True).chunk == CHUNK
    assert build("abc", logprobs=1).chunk == CHUNK


def test_the_echo_of_token_ids_is_their_text():
    assert build(tuple(ids("a日")), echo=True).owner.echo.text == "a日"


def sealed(*, drawn, logits=None, rest=b""):
    """The state of an answer of the tokens of `drawn` to "ab"."""
    state = (np.array([[[0.25, -0.5]]], np.float32),)
    seen = [TOKENIZER.bos_id, *ids("ab")]
    return STATES.seal_after(seen)(Standing(state, logits), ids(drawn), rest)


def test_after_a_state_the_token_that_was_not_read_comes_first_and_no_begin_token():
    prompt = build("xyz", state=sealed(drawn="cd"), prompt_prefix="a ", prompt_suffix="!")

    assert prompt.token_ids == ids("dxyz")
    assert prompt.owner.prompt_tokens == 3
    assert prompt.context[1][0].tolist() == [[[0.25, -0.5]]]
    assert set(prompt.seen) == {TOKENIZER.bos_id, *ids("abcdxyz")}


def test_after_a_state_with_logits_nothing_needs_to_be_read():
    logits = np.arange(TOKENIZER.vocab_size, dtype=np.float32)

    prompt = build("", state=sealed(drawn="cd", logits=logits))

    assert prompt.is_read
    assert np.array_equal(prompt.context[0], logits[None])


def test_after_a_state_any_text_follows_whatever_prompts_there_are():
    prompts = {"prompts": ("Italian", "Polish")}

    assert build("Ro", state=sealed(drawn="i"), **prompts).token_ids == ids("iRo")
