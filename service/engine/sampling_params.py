"""How one generation request draws its tokens: gaps filled, every value checked.

Knows configs and requests; draws nothing (see `token_sampler`) and runs nothing.
"""

import math
import secrets
from dataclasses import dataclass
from typing import TypeVar

from model_store import DecoderConfig
from service.engine.options import EngineOptions
from service.engine.requests.generate import Sampling
from service.errors import InvalidInput

SEED_BITS = 32  # short enough to type, exact in JSON readers that know only floats
MAX_SEED = 2**63 - 1

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """A `Sampling` without gaps; `stop` in UTF-8."""

    max_tokens: int
    min_tokens: int
    ignore_eos: bool
    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repetition_penalty: float
    presence_penalty: float
    frequency_penalty: float
    logit_bias: tuple[tuple[int, float], ...]
    stop: tuple[bytes, ...]
    seed: int
    n: int
    logprobs: int | None

    @property
    def is_greedy(self) -> bool:
        """Whether the most probable token is taken each time."""
        return self.temperature == 0 or self.top_k == 1

    @property
    def first_end(self) -> int:
        """The first token, counted from 0, that may be the model's own end."""
        return self.max_tokens if self.ignore_eos else self.min_tokens

    @property
    def has_penalties(self) -> bool:
        """Whether tokens seen before become less or more likely."""
        return (
            self.repetition_penalty != 1
            or self.presence_penalty != 0
            or self.frequency_penalty != 0
        )

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each answer; after the greatest comes 0."""
        seeds = range(self.seed, self.seed + self.n)
        return tuple(seed if seed <= MAX_SEED else seed - MAX_SEED - 1 for seed in seeds)


def resolve_sampling(
    sampling: Sampling, config: DecoderConfig, options: EngineOptions
) -> SamplingParams:
    """Fill a request's gaps from the model's defaults and check every value.

    Raises:
        InvalidInput: Naming the field, its value and what is allowed.
    """
    defaults = config.sampling
    stop = _or_default(sampling.stop, defaults.stop)
    _check_stop(stop, options)
    params = SamplingParams(
        max_tokens=_or_default(sampling.max_tokens, defaults.max_tokens),
        min_tokens=sampling.min_tokens,
        ignore_eos=sampling.ignore_eos,
        temperature=_or_default(sampling.temperature, defaults.temperature),
        top_k=_or_default(sampling.top_k, defaults.top_k),
        top_p=_or_default(sampling.top_p, defaults.top_p),
        min_p=_or_default(sampling.min_p, defaults.min_p),
        repetition_penalty=_or_default(sampling.repetition_penalty, defaults.repetition_penalty),
        presence_penalty=sampling.presence_penalty,
        frequency_penalty=sampling.frequency_penalty,
        logit_bias=sampling.logit_bias,
        stop=tuple(text.encode() for text in stop),
        seed=secrets.randbits(SEED_BITS) if sampling.seed is None else sampling.seed,
        n=sampling.n,
        logprobs=sampling.logprobs,
    )
    _check_numbers(params, config, options)
    _check_bias(params, config)
    return params


def _or_default(value: T | None, default: T) -> T:
    return default if value is None else value


def _check_numbers(params: SamplingParams, config: DecoderConfig, options: EngineOptions) -> None:
    _check("max_tokens", params.max_tokens, 0, config.max_tokens)
    _check("min_tokens", params.min_tokens, 0, math.inf)
    _check("temperature", params.temperature, 0, 2)
    _check("top_k", params.top_k, 0, math.inf)
    _check("top_p", params.top_p, math.ulp(0.0), 1)
    _check("min_p", params.min_p, 0, 1)
    _check("repetition_penalty", params.repetition_penalty, 1e-3, 10)
    _check("presence_penalty", params.presence_penalty, -2, 2)
    _check("frequency_penalty", params.frequency_penalty, -2, 2)
    _check("n", params.n, 1, options.max_n)
    _check("seed", params.seed, -MAX_SEED, MAX_SEED)
    if params.logprobs is not None:
        _check("logprobs", params.logprobs, 0, options.max_logprobs)


def _check(param: str, value: float, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:  # NaN is not
        limits = f"from {lowest} up" if highest == math.inf else f"from {lowest} to {highest}"
        raise InvalidInput(
            f"`{param}` is {value}, but this model takes {limits}: change it or leave it out",
            param=param,
        )


def _check_stop(stop: tuple[str, ...], options: EngineOptions) -> None:
    if len(stop) > options.max_stop_texts:
        raise InvalidInput(
            f"`stop` has {len(stop)} texts, at most {options.max_stop_texts} are allowed: "
            "leave some out",
            param="stop",
        )
    for text in stop:
        if not 0 < len(text) <= options.max_stop_chars:
            raise InvalidInput(
                f"a text of `stop` has {len(text)} characters, 1 to {options.max_stop_chars} are "
                "allowed: shorten it or leave it out",
                param="stop",
            )
        if not _is_encodable(text):
            raise InvalidInput(
                "a text of `stop` holds a lone surrogate, which is no character: leave it out",
                param="stop",
            )


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_bias(params: SamplingParams, config: DecoderConfig) -> None:
    for token_id, bias in params.logit_bias:
        if not 0 <= token_id < config.vocab_size:
            raise InvalidInput(
                f"`logit_bias` names token {token_id}, but this model's tokens are 0 to "
                f"{config.vocab_size - 1}: leave it out",
                param="logit_bias",
            )
        _check("logit_bias", bias, -100, 100)
