"""Log probabilities in OpenAI's shape: four lists side by side, offsets into the whole text."""

from collections.abc import Sequence
from typing import Any

from service.engine.requests.generate import TokenLogprob

LOWEST = -9999.0  # stands for minus infinity, which is no JSON

Top = dict[str, float]


class LogprobLists:
    """Writes the tokens of one answer as they come, and keeps count of the text so far.

    Args:
        num_echoed: Tokens of the prompt that come first.
        echoed_chars: Characters of the prompt; None if they are just those of its tokens.
    """

    def __init__(self, num_echoed: int = 0, echoed_chars: int | None = None) -> None:
        self._num_echoed = num_echoed
        self._echoed_chars = echoed_chars
        self._num_tokens = 0
        self._num_chars = 0

    def write(self, tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
        """Return the lists for the next tokens."""
        return {
            "tokens": [token.text for token in tokens],
            "token_logprobs": [_bounded(token.logprob) for token in tokens],
            "top_logprobs": [_top(token) for token in tokens],
            "text_offset": [self._offset(token) for token in tokens],
        }

    def _offset(self, token: TokenLogprob) -> int:
        """Return where a token begins; one in the middle of a character where that begins."""
        if self._num_tokens == self._num_echoed and self._echoed_chars is not None:
            self._num_chars = self._echoed_chars  # unknown characters have no token of their own
        self._num_tokens += 1
        offset = self._num_chars
        self._num_chars += sum(map(_begins_character, token.data))
        is_inside = token.data != b"" and not _begins_character(token.data[0])
        return max(0, offset - is_inside)


def _begins_character(byte: int) -> bool:
    """Tell whether a byte of UTF-8 is the first of a character."""
    return byte & 0b1100_0000 != 0b1000_0000


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
