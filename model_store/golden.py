"""`golden.json`: a few inputs with the exporter's own outputs, run again at every load.

A version whose answers differ from these is refused. What an input is, each task says; nothing is
run here: the caller does and hands the outputs back.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Annotated

from pydantic import Field, SerializeAsAny, create_model

from model_store.document import Document

TOLERANCE = 1e-4
"""Largest absolute difference of a golden output that is still the same model."""


class GoldenCase(Document):
    """One input, which a subclass adds, and what came out of it.

    Args:
        outputs: The numbers that the network gives, in the order that the task lays down.
    """

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

    @property
    def shown(self) -> str:
        """The input in a few characters, for messages."""
        return "an input"


class TextCase(GoldenCase):
    """A text as input.

    Args:
        text: What a caller would send.
        token_ids: What the network reads for it.
    """

    text: str
    token_ids: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]

    @property
    def shown(self) -> str:
        """The text's beginning."""
        return repr(self.text[:40])


class NumbersCase(GoldenCase):
    """Numbers as input.

    Args:
        rows: One row of numbers a time step; a single row for an input of fixed size.
    """

    rows: Annotated[list[Annotated[list[float], Field(min_length=1)]], Field(min_length=1)]

    @property
    def shown(self) -> str:
        """How many numbers there are."""
        return f"{len(self.rows)} rows of {len(self.rows[0])} numbers"


class WordsCase(GoldenCase):
    """A text as input that is read word by word.

    Args:
        text: What a caller would send.
        words: What the network reads for it.
    """

    text: str
    words: Annotated[list[str], Field(min_length=1)]

    @property
    def shown(self) -> str:
        """The text's beginning."""
        return repr(self.text[:40])


class Golden(Document):
    """All cases of a version, at least one."""

    cases: Annotated[list[SerializeAsAny[GoldenCase]], Field(min_length=1)]


@cache
def golden_of(case: type[GoldenCase]) -> type[Golden]:
    """Return the document that holds cases of one kind, to be read strictly."""
    cases = Annotated[list[case], Field(min_length=1)]  # type: ignore[valid-type]
    return create_model("Golden", __base__=Golden, cases=(cases, ...))
