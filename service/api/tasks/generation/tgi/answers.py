"""What text-generation-inference answers: a text with its details, or an event for each token."""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from service.api import sse
from service.api.engine_protocol import GenerationProtocol
from service.api.tasks.generation.best_of import best_first
from service.api.tasks.generation.generate_extension import FINISH_REASONS
from service.api.tasks.generation.tgi.schemas import TgiParameters
from service.engine.requests.generate import Delta, GeneratedAnswer, TokenLogprob

LOWEST = -9999.0  # JSON has no minus infinity
NO_TOKEN: dict[str, Any] = {"id": 0, "text": "", "logprob": 0.0, "special": True}
"""The token of the event of a stream that was asked for no token."""


@dataclass(frozen=True)
class Shape:
    """How an answer begins.

    Args:
        prompt: The text that is continued.
        num_echoed: How many of the answer's first tokens are the prompt's.
        has_echo: Whether the answer's text begins with the prompt.
    """

    prompt: str
    num_echoed: int
    has_echo: bool


def whole(
    shape: Shape, parameters: TgiParameters, written: Sequence[GeneratedAnswer]
) -> dict[str, Any]:
    """Write the best of the answers, and its details if they are asked for."""
    ranked = best_first(written, shape.num_echoed) if len(written) > 1 else list(written)
    prompt = shape.prompt if parameters.return_full_text else ""
    texts = [prompt + one.text[len(shape.prompt) * shape.has_echo :] for one in ranked]
    body: dict[str, Any] = {"generated_text": texts[0]}
    if parameters.details:
        body["details"] = _details(ranked[0], shape.num_echoed)
        if len(ranked) > 1:
            body["details"]["best_of_sequences"] = [
                {"generated_text": text} | _details(one, shape.num_echoed)
                for text, one in zip(texts[1:], ranked[1:], strict=True)
            ]
    return body


class EventWriter:
    """Writes the events of one stream: a token each, the whole text beside the last.

    A token waits for the next one, since only then it is known not to be the last.

    Args:
        prompt: The text that is continued.
        parameters: What was asked for.
    """

    def __init__(self, prompt: str, parameters: TgiParameters) -> None:
        self._parameters = parameters
        self._text = prompt if parameters.return_full_text else ""
        self._characters = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._waiting: dict[str, Any] | None = None
        self._index = 0
        self._num_tokens = 0

    def events(
        self, deltas: Iterator[Delta | None], generation: GenerationProtocol
    ) -> Iterator[bytes]:
        """Write the pieces of a generation as events."""
        for delta in deltas:
            if delta is None:
                yield sse.HEARTBEAT
                continue
            self._text += delta.text
            self._num_tokens += delta.num_tokens
            for token in delta.logprobs:
                if self._waiting is not None:
                    yield self._event(self._waiting)
                self._waiting = _token(token) | {"text": self._characters.decode(token.data)}
            if delta.finish_reason is not None:
                yield self._last(delta, generation)

    def _last(self, delta: Delta, generation: GenerationProtocol) -> bytes:
        token = self._waiting or NO_TOKEN
        rest = self._characters.decode(b"", final=True)
        details = None
        if self._parameters.details:
            details = {
                "finish_reason": FINISH_REASONS[delta.finish_reason, delta.has_eos],
                "generated_tokens": self._num_tokens,
                "input_length": generation.prompt_tokens,
                "seed": generation.seeds[0],
            }
        return self._event(token | {"text": token["text"] + rest}, self._text, details)

    def _event(
        self, token: dict[str, Any], text: str | None = None, details: dict[str, Any] | None = None
    ) -> bytes:
        self._index += 1
        body = {"index": self._index, "token": token, "generated_text": text, "details": details}
        return sse.event(body)


def _details(answer: GeneratedAnswer, num_echoed: int) -> dict[str, Any]:
    return {
        "finish_reason": FINISH_REASONS[answer.finish_reason, answer.has_eos],
        "generated_tokens": answer.num_tokens,
        "seed": answer.seed,
        "prefill": [_prefill(token) for token in answer.logprobs[:num_echoed]],
        "tokens": [_token(token) for token in answer.logprobs[num_echoed:]],
    }


def _prefill(token: TokenLogprob) -> dict[str, Any]:
    logprob = None if token.logprob is None else max(token.logprob, LOWEST)
    return {"id": token.token_id, "text": token.text, "logprob": logprob}


def _token(token: TokenLogprob) -> dict[str, Any]:
    return {
        "id": token.token_id,
        "text": token.data.decode(errors="replace"),
        "logprob": max(token.logprob or 0.0, LOWEST),
        "special": token.is_special,
    }
