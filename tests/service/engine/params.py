"""Sampling parameters as tests need them."""

from typing import Any

from service.engine.sampling_params import SamplingParams

PLAIN: dict[str, Any] = {
    "max_tokens": 30,
    "min_tokens": 0,
    "ignore_eos": False,
    "temperature": 1.0,
    "top_k": 0,
    "top_p": 1.0,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "logit_bias": (),
    "stop": (),
    "seed": 0,
    "n": 1,
    "logprobs": None,
}


def sampling_params(**changes):
    return SamplingParams(**(PLAIN | changes))
