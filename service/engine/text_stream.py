"""From tokens to text that can be shown: whole characters only, and nothing of a stop text.

Works on bytes: UTF-8 is self-synchronizing, so a stop text is found in the bytes exactly where
it is in the text, also when it spans tokens or a token spans its end.
"""

import codecs
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.engine.arrays import Bools
from service.engine.requests.generate import FinishReason


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended.

    Args:
        reason: "stop" or "length".
        end: Bytes of the answer that are its text; None for all of them.
        has_eos: Whether the last token ended the answer and is no text.
    """

    reason: FinishReason
    end: int | None = None
    has_eos: bool = False


def enders(token_bytes: Sequence[bytes], stop: Sequence[bytes]) -> Bools:
    """Return for each token whether a stop text can end in it."""
    last = {text[-1] for text in stop}
    return np.array([not last.isdisjoint(piece) for piece in token_bytes], np.bool_)


class StopFinder:
    """Looks for stop texts in one growing answer.

    Args:
        token_bytes: What each token adds, by id.
        stop: Texts to find, not empty.
        min_tokens: Tokens within which none counts that ends there.
    """

    def __init__(
        self, token_bytes: Sequence[bytes], stop: Sequence[bytes], min_tokens: int = 0
    ) -> None:
        """Start before the first token."""
        self._token_bytes = token_bytes
        self._stop = stop
        self._min_tokens = min_tokens
        self._data = bytearray()
        self._num_tokens = 0

    def find(self, token_ids: Sequence[int]) -> int | None:
        """Return where the first stop text begins, in bytes, or None.

        Args:
            token_ids: The whole answer so far; what earlier calls were given begins it.
        """
        searched = len(self._data)
        for place, token_id in enumerate(token_ids[self._num_tokens :], self._num_tokens):
            self._data += self._token_bytes[token_id]
            if place < self._min_tokens:
                searched = len(self._data)
        self._num_tokens = len(token_ids)
        places = [self._data.find(text, max(0, searched - len(text) + 1)) for text in self._stop]
        return min((place for place in places if place >= 0), default=None)


class TextOffsets:
    """Tells where in a growing text each token begins, counted in characters.

    Args:
        num_chars: Characters before the first token.
        begun: Bytes of a character that is finished by the first tokens.
    """

    def __init__(self, num_chars: int = 0, *, begun: bytes = b"") -> None:
        """Start before the first token."""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._decoder.decode(begun)
        self._num_chars = num_chars

    def next(self, data: bytes) -> int:
        """Return the offset of the next token; in the middle of a character that of the character.

        Args:
            data: Bytes that the token adds to the text.
        """
        is_broken = self._decoder.getstate()[0] != b"" and data != b"" and not _continues(data[0])
        offset = self._num_chars + is_broken  # a broken character is one of its own
        self._num_chars += len(self._decoder.decode(data))
        return offset


def _continues(byte: int) -> bool:
    """Tell whether a byte of UTF-8 belongs to the character of the byte before it."""
    return byte & 0b1100_0000 == 0b1000_0000


class TextStream:
    """Makes text of one answer's tokens as they come.

    Args:
        token_bytes: What each token adds, by id.
        stop: Texts that are held back as long as the answer may turn out to end with them.
        begun: Bytes of a character that is finished by the first tokens.
        goes_on: Whether a character that is not whole when the answer has its length is kept
            (`unfinished`) for an answer that goes on from here.
    """

    def __init__(
        self,
        token_bytes: Sequence[bytes],
        stop: Sequence[bytes],
        *,
        begun: bytes = b"",
        goes_on: bool = False,
    ) -> None:
        """Start before the first token."""
        self._token_bytes = token_bytes
        self._stop = stop
        self._data = bytearray()
        self._ends: list[int] = []  # of each token, in bytes
        self._goes_on = goes_on
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._decoder.decode(begun)
        self._num_given = 0  # bytes that the decoder has
        self._num_told = 0  # tokens

    def add(self, token_ids: Sequence[int], ending: Ending | None = None) -> tuple[str, range]:
        """Take in new tokens.

        Returns:
            What can be shown now that could not before, and the places in the answer of the
            tokens that this text completes (at the end, of all that are left).
        """
        for token_id in token_ids:
            self._data += self._token_bytes[token_id]
            self._ends.append(len(self._data))
        visible = self._visible(ending)
        is_whole = ending is not None and not (self._goes_on and ending.reason == "length")
        text = self._decoder.decode(self._data[self._num_given : visible], is_whole)
        self._num_given = max(visible, self._num_given)
        return text, self._tell(is_last=ending is not None)

    @property
    def unfinished(self) -> bytes:
        """The bytes shown so far that begin a character and do not end it."""
        return self._decoder.getstate()[0]

    def token_data(self, place: int) -> bytes:
        """Return the shown bytes of a token that was told; none of a stop text's are."""
        begin = self._ends[place - 1] if place else 0
        return bytes(self._data[begin : min(self._ends[place], self._num_given)])

    def _visible(self, ending: Ending | None) -> int:
        if ending is None:
            return len(self._data) - self._held_back()
        if ending.has_eos:
            return self._ends[-2] if len(self._ends) > 1 else 0
        return len(self._data) if ending.end is None else ending.end

    def _held_back(self) -> int:
        """Return the length of the longest end of the answer that begins a stop text."""
        held_back = 0
        for text in self._stop:
            for length in range(min(len(text) - 1, len(self._data)), held_back, -1):
                if self._data.endswith(text[:length]):
                    held_back = length
                    break
        return held_back

    def _tell(self, *, is_last: bool) -> range:
        first = self._num_told
        if is_last:
            self._num_told = len(self._ends)
        else:
            shown = self._num_given - len(self.unfinished)
            self._num_told = bisect_right(self._ends, shown, lo=first)
        return range(first, self._num_told)
