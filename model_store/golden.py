"""`golden.json`: a few inputs with the exporter's own outputs, run again at every load.

A version whose answers differ from these is refused. Knows how a text becomes token ids for each
kind of model, but runs no graph: the caller does and hands the outputs back.
"""

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from model_store.config import ClassifierConfig, Config
from model_store.document import Document
from model_store.tokenizer import Tokenizer

TOLERANCE = 1e-4
"""Largest absolute difference of a golden output that is still the same model."""


class GoldenCase(Document):
    """One input and what came out of it.

    Args:
        text: What a caller would send.
        token_ids: What the network reads for it, see `input_ids`.
        outputs: A classifier's `probs`; a generator's natural-log probabilities of the next token
            after the last one, of the whole vocabulary or its first entries.
    """

    text: str
    token_ids: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    outputs: Annotated[list[float], Field(min_length=1)]

    def difference(self, outputs: Sequence[float]) -> float:
        """Return the largest absolute difference to `outputs`.

        `outputs` may be longer than the recorded ones, the rest is ignored; if it is shorter or
        holds NaN or infinity, the difference is infinite.
        """
        if len(outputs) < len(self.outputs):
            return math.inf
        pairs = zip(self.outputs, outputs, strict=False)
        largest = max(abs(float(got) - expected) for expected, got in pairs)
        return largest if all(map(math.isfinite, outputs[: len(self.outputs)])) else math.inf


class Golden(Document):
    """All cases of a version, at least one."""

    cases: Annotated[list[GoldenCase], Field(min_length=1)]


def input_ids(text: str, tokenizer: Tokenizer, config: Config) -> list[int]:
    """Return the token ids that the network reads for a caller's text.

    A classifier's are cut to `max_seq_len`; a generator's begin with `bos_id` and are wrapped in
    `prompt_prefix` and `prompt_suffix`.
    """
    if isinstance(config, ClassifierConfig):
        return config.cut(tokenizer.encode_ids(text))
    return [config.bos_id, *tokenizer.encode_ids(config.wrap(text))]


def parse_golden(data: bytes, tokenizer: Tokenizer, config: Config) -> Golden:
    """Read `golden.json` and check that it belongs to this tokenizer and configuration.

    Raises:
        ValueError: If it breaks the schema, a text has other token ids than recorded, or the
            number of outputs cannot be right.
    """
    golden = Golden.model_validate_json(data)
    for place, case in enumerate(golden.cases):
        if case.token_ids != input_ids(case.text, tokenizer, config):
            raise ValueError(f"cases.{place}: its text gives other token_ids now")
        _check_num_outputs(place, len(case.outputs), config)
    return golden


def _check_num_outputs(place: int, got: int, config: Config) -> None:
    if isinstance(config, ClassifierConfig):
        if got != len(config.labels):
            raise ValueError(f"cases.{place}: {got} outputs for {len(config.labels)} labels")
    elif got > config.vocab_size:
        raise ValueError(f"cases.{place}: {got} outputs for {config.vocab_size} tokens")
