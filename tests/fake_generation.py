"""The generation of `tests/fakes.py`: it repeats its prompt, moved by the seed, char by char."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from service.engine.requests.gates import Gates
from service.engine.requests.generate import Delta, GeneratedAnswer, GenerateRequest, TokenLogprob
from service.engine.types import ModelStatus, Timing
from service.errors import NotReady
from tests.fake_gates import written_gates

if TYPE_CHECKING:
    from tests.fakes import FakeEngine


@dataclass
class FakeGeneration:
    """A generation of `FakeEngine`; `is_cancelled` tells whether its caller gave it up."""

    status: ModelStatus
    request: GenerateRequest
    engine: "FakeEngine"
    is_cancelled: bool = field(default=False, init=False)
    num_waits: int = field(default=0, init=False)

    @property
    def model(self) -> str:
        return self.status.name

    @property
    def version(self) -> int:
        return self.status.version

    @property
    def prompt_tokens(self) -> int:
        return len(self.request.prompt)

    @property
    def seeds(self) -> tuple[int, ...]:
        first = self.request.sampling.seed if self.request.sampling.seed is not None else 7
        return tuple(first + index for index in range(self.request.sampling.n))

    def events(self, heartbeat_s: float) -> Iterator[Delta | None]:
        for index, text in enumerate(self.texts()):
            if self.request.echo:
                yield Delta(index, self._prompt(), 0, logprobs=self._echoed())
            for place, char in enumerate(text):
                if self.engine.is_slow:
                    yield None
                if self.engine.pause_s and not self.is_cancelled:
                    time.sleep(self.engine.pause_s)
                if self.engine.is_closed:
                    raise NotReady("the service is stopping: try again")
                if self.engine.fails_midway is not None and place == 2:
                    raise self.engine.fails_midway
                logprobs = self._logprobs(char, place + len(self._prompt()) * self.request.echo)
                yield Delta(index, char, 1, logprobs=logprobs)
            yield Delta(index, "", 0, "length", state=self._state(text), gates=self._gates(text))

    def wait(self, timeout_s: float | None) -> bool:
        if self.engine.fails_midway is not None:
            raise self.engine.fails_midway
        self.num_waits += 1
        return not self.engine.is_slow or self.num_waits > 1

    def result(self) -> list[GeneratedAnswer]:
        deltas = [delta for delta in self.events(1.0) if delta is not None]
        return [
            GeneratedAnswer(
                index,
                self._prompt() * self.request.echo + text,
                num_tokens=len(text),
                finish_reason="length",
                seed=seed,
                logprobs=tuple(
                    token for delta in deltas if delta.index == index for token in delta.logprobs
                ),
                state=self._state(text),
                gates=self._gates(text),
            )
            for index, (text, seed) in enumerate(zip(self.texts(), self.seeds, strict=True))
        ]

    @property
    def timing(self) -> Timing:
        return Timing(queue_s=0.003, compute_s=0.004, batch_size=1)

    def texts(self) -> list[str]:
        """The whole text of each answer."""
        sampling = self.request.sampling
        num_tokens = 8 if sampling.max_tokens is None else sampling.max_tokens
        source = self._prompt() or "abc"
        return [
            "".join(source[(seed + place) % len(source)] for place in range(num_tokens))
            for seed in self.seeds
        ]

    def cancel(self) -> None:
        self.is_cancelled = True

    def _prompt(self) -> str:
        prompt = self.request.prompt
        text = prompt if isinstance(prompt, str) else "".join(map(chr, prompt))
        return (self.request.state or "") + text

    def _state(self, text: str) -> str | None:
        """All text so far is the state."""
        return self._prompt() + text if self.request.returns_state else None

    def _gates(self, text: str) -> Gates | None:
        ask = self.request.gates
        return None if ask is None else written_gates(ask, self._prompt(), text)

    def _echoed(self) -> tuple[TokenLogprob, ...]:
        tokens = [
            token
            for place, char in enumerate(self._prompt())
            for token in self._logprobs(char, place)
        ]
        return (*[replace(token, logprob=None, top=()) for token in tokens[:1]], *tokens[1:])

    def _logprobs(self, char: str, offset: int) -> tuple[TokenLogprob, ...]:
        """Tokens are characters; those early in the alphabet are likelier."""
        if self.request.sampling.logprobs is None:
            return ()
        logprob = -ord(char) / 208
        return (TokenLogprob(ord(char), char, logprob, ((char, logprob),), char.encode(), offset),)
