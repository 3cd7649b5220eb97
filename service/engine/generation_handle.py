"""The caller's end of a generation request: text comes out, tokens go in at the other end.

The engine hands over token ids; making text of them is the caller's own work, on its own thread,
so that the step that all rows share stays short.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

from model_store import Tokenizer
from service.engine.answer_stream import Answer, Echo, Explain, Part, Seal, TokenTexts, join
from service.engine.flat_combining import too_late
from service.engine.requests.generate import Delta, GeneratedAnswer
from service.engine.sampling_params import SamplingParams
from service.engine.types import Timing
from service.errors import Cancelled, ServiceError

GRACE_S = 1.0
"""Seconds after the deadline at which a caller gives up on an engine that has not said so."""


@dataclass(frozen=True, slots=True)
class Source:
    """Which model writes the answers, and what its tokens look like."""

    model: str
    version: int
    tokens: TokenTexts

    @classmethod
    def of(cls, model: str, version: int, tokenizer: Tokenizer) -> Self:
        """Return the version that has this tokenizer."""
        return cls(model, version, TokenTexts(tokenizer.token_bytes, tokenizer.silent_tokens))


class Generation:
    """The answers to one request as they come.

    Either `events` or `result` is called, once; `cancel` any time.

    Args:
        source: The model.
        params: How tokens are drawn.
        prompt_tokens: Tokens of the prompt, the begin token not counted.
        echo: The prompt to repeat before each answer, or None.
        deadline: `time.monotonic()` value after which the engine gives up, or None.
        on_change: Called when the caller cancels or begins to listen.
        seal: Makes the state of each answer at its end, if the caller wants to take it away.
        begun: Bytes of a character that is not whole yet; None unless it goes on from a state.
        explain: Tells the inside of the network at the end of each answer, if that is wanted.
    """

    def __init__(
        self,
        source: Source,
        params: SamplingParams,
        *,
        prompt_tokens: int,
        echo: Echo | None = None,
        deadline: float | None = None,
        on_change: Callable[["Generation"], None] = lambda _: None,
        seal: Seal | None = None,
        begun: bytes | None = None,
        explain: Explain | None = None,
    ) -> None:
        """Begin with no text."""
        self.model = source.model
        self.version = source.version
        self.params = params
        self.prompt_tokens = prompt_tokens
        self.seed = params.seed
        self.seeds = params.seeds
        self.echo = echo
        self.deadline = deadline
        self.seal = seal
        self.goes_on = begun is not None
        self.is_cancelled = False
        self.is_streaming = False
        self.on_told: Callable[[], None] = _nothing
        """Called once the caller has been told all answers to their end."""
        self._on_change = on_change
        self._answers = [
            Answer(
                *(index, source.tokens, params.stop),
                echo=echo,
                seal=seal,
                begun=begun or b"",
                explain=explain,
            )
            for index in range(params.n)
        ]
        self._parts: deque[Part] = deque()
        self._num_open = params.n  # endings that the engine has not sent
        self._num_untold = params.n  # endings that the caller has not seen
        self._error: ServiceError | None = None
        self._changed = threading.Event()
        self._submitted = time.monotonic()
        self._started: float | None = None
        self._finished: float | None = None
        self._batch_size = 0

    # The engine's side.

    @property
    def is_echo_scored(self) -> bool:
        """Whether the log probabilities of the prompt's own tokens are to be told."""
        return self.echo is not None and self.echo.has_logprobs

    @property
    def is_over(self) -> bool:
        """Whether the engine has nothing more to do for it."""
        return self._num_open == 0 or self._error is not None or self.is_cancelled

    @property
    def expires_at(self) -> float:
        """`time.monotonic()` value at which the engine gives up."""
        return math.inf if self.deadline is None else self.deadline

    def start(self) -> None:
        """Note that the engine has begun with the prompt."""
        self._started = self._started or time.monotonic()

    def push(self, part: Part, *, batch_size: int) -> None:
        """Hand over new tokens, from a batch of so many rows."""
        self._batch_size = max(self._batch_size, batch_size)
        self._parts.append(part)
        if part.ending is not None:
            self._num_open -= 1
            self._finished = time.monotonic()
        if self.is_streaming or self._num_open == 0:
            self._changed.set()

    def fail(self, error: ServiceError) -> None:
        """End all answers with an error; the first one counts."""
        if not self.is_over:
            self._error = error
            self._finished = time.monotonic()
            self._changed.set()

    # The caller's side.

    @property
    def timing(self) -> Timing:
        """Where the time went; until it is over, up to now."""
        end = self._finished or time.monotonic()
        started = self._started or end
        return Timing(started - self._submitted, end - started, self._batch_size)

    def cancel(self) -> None:
        """Ask for no more; its rows leave at the next step. Does nothing when it is over."""
        if not self.is_over:
            self.is_cancelled = True
            self._changed.set()
            self._on_change(self)

    def events(self, heartbeat_s: float | None = None) -> Iterator[Delta | None]:
        """Iterate over new text until every answer has ended; closing the iterator cancels.

        The first tokens come at once; what gathers while the caller is busy comes as one piece.

        Args:
            heartbeat_s: Yield None whenever nothing came for so many seconds.

        Raises:
            ServiceError: What the request failed with, after the text that came before.
        """
        self.is_streaming = True
        self._on_change(self)
        try:
            while self._num_untold:
                self._changed.clear()
                if deltas := self._take_deltas():
                    yield from deltas
                elif self._num_untold and not self._wait(heartbeat_s):
                    yield None
            self.on_told()
        finally:
            self.cancel()

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until every answer has ended, at most so many seconds; return whether they have.

        Does not ask for pieces, which is cheaper than `events`; errors as there.
        """
        if self._num_open:
            self._changed.clear()
        return self._num_open == 0 or (self._wait(timeout_s) and self._num_open == 0)

    def result(self) -> list[GeneratedAnswer]:
        """Wait for all answers; errors as in `events`."""
        deltas: list[Delta] = []
        try:
            while self._num_untold:
                self._changed.clear()
                deltas += self._take_deltas()
                if self._num_untold:
                    self._wait(None)
            self.on_told()
        finally:
            self.cancel()
        return join(deltas, self.seeds)

    def written(self) -> list[bytes]:
        """Return the bytes of all tokens of each answer, as far as they were told."""
        return [answer.written() for answer in self._answers]

    def _wait(self, timeout_s: float | None) -> bool:
        """Wait for a change; return False if none came in time.

        Raises:
            ServiceError: If there is no more to come.
        """
        if self._error is not None:
            raise self._error
        if self.is_cancelled:
            raise Cancelled("the request was cancelled")
        patience = timeout_s
        if self.deadline is not None:
            left = max(0.0, self.deadline + GRACE_S - time.monotonic())
            patience = left if patience is None else min(left, patience)
        if self._changed.wait(patience):
            return True
        if self.deadline is not None and time.monotonic() >= self.deadline + GRACE_S:
            raise too_late()
        return False

    def _take_deltas(self) -> list[Delta]:
        """Return what can be told of the parts that have come, one piece for each answer."""
        touched: dict[int, None] = {}
        while self._parts:
            part = self._parts.popleft()
            touched[part.index] = None
            self._answers[part.index].add(part)
            if part.ending is not None:
                self._num_untold -= 1
        deltas = (self._answers[index].tell() for index in touched)
        return [delta for delta in deltas if delta is not None]


def _nothing() -> None:
    """Be told, and do nothing."""
