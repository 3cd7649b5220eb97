"""One answer in the making, on the caller's side: tokens in, pieces of text out.

Knows no thread and no model; `generation_handle` brings the tokens.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from service.engine.requests.gates import Gates
from service.engine.requests.generate import Delta, GeneratedAnswer, TokenLogprob
from service.engine.stepping import Standing
from service.engine.text_stream import Ending, TextOffsets, TextStream
from service.engine.token_sampler import TokenLogprobs


@dataclass(frozen=True, slots=True)
class TokenTexts:
    """What the tokens of a vocabulary are in a text.

    Args:
        data: Bytes that each adds to a text, by id.
        names: Of those that add nothing, by id.
    """

    data: Sequence[bytes]
    names: Mapping[int, str]

    def text_of(self, token_id: int) -> str:
        """Return a token's own text, or its name if it has none."""
        name = self.names.get(token_id)
        return self.data[token_id].decode(errors="replace") if name is None else name


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

Explain = Callable[[Sequence[int]], Gates]
"""Tells the inside of the network for an answer's tokens, the model's own end left out."""


@dataclass(frozen=True, slots=True)
class Echo:
    """The prompt as it is repeated before each answer.

    Args:
        text: What the caller sent.
        token_ids: What the model read of it, begin token excluded.
        has_logprobs: Whether log probabilities are reported with them.
        offsets: Where in the text each token begins, in characters, if they are reported.
        logprobs: One for each token but the first; filled while the prompt is read.
    """

    text: str
    token_ids: Sequence[int]
    has_logprobs: bool
    offsets: Sequence[int] = ()
    logprobs: list[TokenLogprobs] = field(default_factory=list)


class Answer:
    """Makes the pieces of one answer.

    Args:
        index: Which answer of its request.
        tokens: What each token is.
        stop: Texts that end the answer.
        echo: The prompt to repeat before it, or None.
        seal: Makes its state, if that is wanted.
        begun: Bytes of a character that the answer before this one left unfinished.
        explain: Tells the inside of the network at its end, if that is wanted.
    """

    def __init__(
        self,
        index: int,
        tokens: TokenTexts,
        stop: Sequence[bytes],
        *,
        echo: Echo | None = None,
        seal: Seal | None = None,
        begun: bytes = b"",
        explain: Explain | None = None,
    ) -> None:
        """Begin with no text."""
        self._index = index
        self._tokens = tokens
        self._stream = TextStream(tokens.data, stop, begun=begun, goes_on=seal is not None)
        self._offsets = TextOffsets(0 if echo is None else len(echo.text), begun=begun)
        self._echo = echo
        self._seal = seal
        self._explain = explain
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
        gates = self._gates(has_eos=has_eos)
        return Delta(self._index, text, num_tokens, reason, tuple(logprobs), has_eos, state, gates)

    def written(self) -> bytes:
        """Return the bytes of all tokens told so far, a stop text's included."""
        return b"".join(self._tokens.data[token_id] for token_id in self._token_ids)

    def _state(self, *, has_eos: bool) -> str | None:
        if self._seal is None or self._standing is None:
            return None
        own = self._own_ids(has_eos=has_eos)
        return self._seal(self._standing, own, self._stream.unfinished)

    def _gates(self, *, has_eos: bool) -> Gates | None:
        if self._explain is None or self._ending is None:
            return None
        return self._explain(self._own_ids(has_eos=has_eos))

    def _own_ids(self, *, has_eos: bool) -> Sequence[int]:
        """Return all its tokens but the model's own end."""
        return self._token_ids[:-1] if has_eos else self._token_ids

    def _entries(self, places: range) -> list[TokenLogprob]:
        if not self._logprobs:
            return []
        return [
            self._entry(self._token_ids[place], self._logprobs[place], data, offset)
            for place, data in ((place, self._stream.token_data(place)) for place in places)
            for offset in (self._offsets.next(data),)
        ]

    def _echo_entries(self, echo: Echo) -> list[TokenLogprob]:
        if not echo.has_logprobs or not echo.token_ids:
            return []
        return [
            self._entry(token_id, logprobs, self._tokens.data[token_id], offset)
            for token_id, logprobs, offset in zip(
                echo.token_ids, (None, *echo.logprobs), echo.offsets, strict=True
            )
        ]

    def _entry(
        self, token_id: int, logprobs: TokenLogprobs | None, data: bytes, offset: int
    ) -> TokenLogprob:
        tokens = self._tokens
        chosen, best = (None, ()) if logprobs is None else (logprobs.chosen, logprobs.top)
        top = tuple((tokens.text_of(best_id), logprob) for best_id, logprob in best)
        is_special = token_id in tokens.names
        return TokenLogprob(
            token_id, tokens.text_of(token_id), chosen, top, data, offset, is_special
        )


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
        end = (own[-1].has_eos, own[-1].state, own[-1].gates)
        answers.append(GeneratedAnswer(index, text, num_tokens, reason, seed, logprobs, *end))
    return answers
