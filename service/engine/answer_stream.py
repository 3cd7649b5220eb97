"""One answer in the making, on the caller's side: tokens in, pieces of text out.

Knows no thread and no model; `generation_handle` brings the tokens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from service.engine.requests.generate import Delta, GeneratedAnswer, TokenLogprob
from service.engine.stepping import Standing
from service.engine.text_stream import Ending, TextStream
from service.engine.token_sampler import TokenLogprobs


@dataclass(frozen=True, slots=True)
class Part:
    """New tokens of one answer, from the engine.

    Args:
        index: Which answer.
        token_ids: Not told before.
        logprobs: One for each of them, if they were asked for.
        ending: Set on the last part.
        standing: Where it stands, on the last part if its caller wants to go on from there.
    """

    index: int
    token_ids: Sequence[int]
    logprobs: Sequence[TokenLogprobs] = ()
    ending: Ending | None = None
    standing: Standing | None = None


Seal = Callable[[Standing, Sequence[int], bytes], str]
"""Makes the state that a caller takes away: of where an answer stands, all its tokens, and the
bytes of a character that it left unfinished."""


@dataclass(frozen=True, slots=True)
class Echo:
    """The prompt as it is repeated before each answer.

    Args:
        text: What the caller sent.
        token_ids: What the model read of it, begin token excluded.
        has_logprobs: Whether log probabilities are reported with them.
        logprobs: One for each token but the first; filled while the prompt is read.
    """

    text: str
    token_ids: Sequence[int]
    has_logprobs: bool
    logprobs: list[TokenLogprobs] = field(default_factory=list)


class Answer:
    """Makes the pieces of one answer.

    Args:
        index: Which answer of its request.
        token_bytes: What each token adds to the text, by id.
        stop: Texts that end the answer.
        echo: The prompt to repeat before it, or None.
        seal: Makes its state, if that is wanted.
        begun: Bytes of a character that the answer before this one left unfinished.
    """

    def __init__(
        self,
        index: int,
        token_bytes: Sequence[bytes],
        stop: Sequence[bytes],
        *,
        echo: Echo | None = None,
        seal: Seal | None = None,
        begun: bytes = b"",
    ) -> None:
        """Begin with no text."""
        self._index = index
        self._token_bytes = token_bytes
        self._stream = TextStream(token_bytes, stop, begun=begun, goes_on=seal is not None)
        self._echo = echo
        self._seal = seal
        self._standing: Standing | None = None
        self._new_ids: list[int] = []
        self._token_ids: list[int] = []
        self._logprobs: list[TokenLogprobs] = []
        self._num_silent = 0  # tokens without text that no piece has counted yet
        self._ending: Ending | None = None

    def add(self, part: Part) -> None:
        """Take in new tokens."""
        self._new_ids += part.token_ids
        self._logprobs += part.logprobs
        self._ending = part.ending
        self._standing = part.standing

    def tell(self) -> Delta | None:
        """Return the next piece, or None while there is nothing to show."""
        self._token_ids += self._new_ids
        text, places = self._stream.add(self._new_ids, self._ending)
        self._new_ids = []
        logprobs = self._entries(places)
        if self._echo is not None:
            text = self._echo.text + text
            logprobs = self._echo_entries(self._echo) + logprobs
            self._echo = None
        num_tokens = self._num_silent + len(places)
        if not text and not logprobs and self._ending is None:
            self._num_silent = num_tokens
            return None
        self._num_silent = 0
        reason, has_eos = None, False
        if self._ending is not None:
            reason, has_eos = self._ending.reason, self._ending.has_eos
        state = self._state(has_eos=has_eos)
        return Delta(self._index, text, num_tokens, reason, tuple(logprobs), has_eos, state)

    def written(self) -> bytes:
        """Return the bytes of all tokens told so far, a stop text's included."""
        return b"".join(self._token_bytes[token_id] for token_id in self._token_ids)

    def _state(self, *, has_eos: bool) -> str | None:
        if self._seal is None or self._standing is None:
            return None
        token_ids = self._token_ids[:-1] if has_eos else self._token_ids
        return self._seal(self._standing, token_ids, self._stream.unfinished)

    def _entries(self, places: range) -> list[TokenLogprob]:
        if not self._logprobs:
            return []
        shown = [(place, self._stream.token_data(place)) for place in places]
        return [
            self._entry(self._token_ids[place], data, self._logprobs[place])
            for place, data in shown
            if data is not None
        ]

    def _echo_entries(self, echo: Echo) -> list[TokenLogprob]:
        if not echo.has_logprobs or not echo.token_ids:
            return []
        first, *rest = echo.token_ids
        data = self._token_bytes[first]
        entries = [TokenLogprob(first, self._text_of(first), None, data=data)]
        return entries + [
            self._entry(token_id, self._token_bytes[token_id], logprobs)
            for token_id, logprobs in zip(rest, echo.logprobs, strict=True)
        ]

    def _entry(self, token_id: int, data: bytes, logprobs: TokenLogprobs) -> TokenLogprob:
        top = tuple((self._text_of(best_id), logprob) for best_id, logprob in logprobs.top)
        return TokenLogprob(token_id, data.decode(errors="replace"), logprobs.chosen, top, data)

    def _text_of(self, token_id: int) -> str:
        return self._token_bytes[token_id].decode(errors="replace")


def join(deltas: Sequence[Delta], seeds: Sequence[int]) -> list[GeneratedAnswer]:
    """Put all pieces of all answers together, the answers in order."""
    answers = []
    for index, seed in enumerate(seeds):
        own = [delta for delta in deltas if delta.index == index]
        reason = own[-1].finish_reason
        assert reason is not None, "joined before the end"
        text = "".join(delta.text for delta in own)
        num_tokens = sum(delta.num_tokens for delta in own)
        logprobs = tuple(entry for delta in own for entry in delta.logprobs)
        end = (own[-1].has_eos, own[-1].state)
        answers.append(GeneratedAnswer(index, text, num_tokens, reason, seed, logprobs, *end))
    return answers
