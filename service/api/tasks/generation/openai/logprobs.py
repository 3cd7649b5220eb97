"""Log probabilities in OpenAI's shape: four lists side by side.

There is a place for every token that `usage` counts, as in OpenAI's and vLLM's answers: also for
the model's own end, under its name (`<eos>`), and for the tokens of a stop text. Those come after
the text, so their offset is its length.
"""

from collections.abc import Sequence
from typing import Any

from service.engine.requests.generate import TokenLogprob

LOWEST = -9999.0  # stands for minus infinity, which is no JSON

Top = dict[str, float]


def lists_of(tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    """Return the lists for some tokens."""
    return {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [_bounded(token.logprob) for token in tokens],
        "top_logprobs": [_top(token) for token in tokens],
        "text_offset": [token.offset for token in tokens],
    }


def _bounded(logprob: float | None) -> float | None:
    return None if logprob is None else max(logprob, LOWEST)


def _top(token: TokenLogprob) -> Top | None:
    """List the best tokens and the one drawn; of two with the same text the likelier counts."""
    if token.logprob is None:
        return None
    top: Top = {}
    for text, logprob in (*token.top, (token.text, token.logprob)):
        top.setdefault(text, max(logprob, LOWEST))
    return top
