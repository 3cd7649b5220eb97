from pathlib import Path

import pytest

from model_store import SamplingDefaults
from service.engine.options import EngineOptions
from service.engine.requests.generate import Sampling
from service.engine.sampling_params import MAX_SEED, resolve_sampling
from service.errors import InvalidInput
from tests.models import character_tokenizer, generator_config

OPTIONS = EngineOptions(store_dir=Path("unused"))
DEFAULTS = SamplingDefaults(
    max_tokens=33,
    temperature=0.7,
    top_k=9,
    top_p=0.8,
    min_p=0.1,
    repetition_penalty=1.2,
    stop=("\n",),
)
CONFIG = generator_config(character_tokenizer(), max_tokens=50, sampling=DEFAULTS)


def resolve(**fields):
    return resolve_sampling(Sampling(**fields), CONFIG, OPTIONS)


def test_what_a_request_leaves_out_is_the_models_own():
    params = resolve()

    assert (params.max_tokens, params.temperature, params.top_k) == (33, 0.7, 9)
    assert (params.top_p, params.min_p, params.repetition_penalty) == (0.8, 0.1, 1.2)
    assert params.stop == (b"\n",)


def test_what_a_request_says_counts_zero_included():
    params = resolve(max_tokens=0, temperature=0.0, top_k=0, min_p=0.0, stop=(), seed=0)

    assert (params.max_tokens, params.temperature, params.top_k) == (0, 0.0, 0)
    assert (params.min_p, params.stop, params.seed) == (0.0, (), 0)


def test_every_seed_that_is_told_can_be_sent():
    assert resolve(seed=MAX_SEED - 1, n=4).seeds == (MAX_SEED - 1, MAX_SEED, 0, 1)
    assert resolve(seed=-2, n=3).seeds == (-2, -1, 0)


def test_a_seed_is_drawn_and_told():
    seeds = {resolve().seed for _ in range(20)}

    assert len(seeds) == 20
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_tokens", -1),
        ("max_tokens", 51),
        ("min_tokens", -1),
        ("temperature", -0.1),
        ("temperature", 2.1),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("top_k", -1),
        ("top_p", 0.0),
        ("top_p", 1.1),
        ("top_p", float("nan")),
        ("min_p", -0.1),
        ("min_p", 1.1),
        ("repetition_penalty", 0.0),
        ("repetition_penalty", 11.0),
        ("presence_penalty", 2.1),
        ("frequency_penalty", float("nan")),
        ("n", 0),
        ("n", 129),
        ("seed", 2**63),
        ("logprobs", -1),
        ("logprobs", 21),
        ("logit_bias", ((9999, 1.0),)),
        ("logit_bias", ((-1, 1.0),)),
        ("logit_bias", ((5, 101.0),)),
        ("logit_bias", ((5, float("nan")),)),
        ("stop", ("",)),
        ("stop", ("x" * 257,)),
        ("stop", ("\ud800",)),
        ("stop", ("x",) * 33),
    ],
    ids=str,
)
def test_a_value_out_of_range_is_refused_by_its_name(field, value):
    with pytest.raises(InvalidInput) as refused:
        resolve(**{field: value})

    assert refused.value.param == field
    assert field.split("_")[0] in refused.value.message


def test_the_message_names_value_limit_and_remedy():
    with pytest.raises(InvalidInput) as refused:
        resolve(max_tokens=51)

    assert refused.value.message == (
        "`max_tokens` is 51, but this model takes from 0 to 50: change it or leave it out"
    )


@pytest.mark.parametrize(
    ("fields", "is_greedy"),
    [({"temperature": 0.0}, True), ({"top_k": 1}, True), ({"temperature": 0.1}, False)],
    ids=str,
)
def test_greedy_means_the_most_probable_token_each_time(fields, is_greedy):
    assert resolve(**fields).is_greedy is is_greedy
