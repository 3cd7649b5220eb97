"""Wire models of `/v1/generate`: the answer, written by hand and held against them."""

from typing import Literal

from service.api.gates_schemas import GatesBody
from service.api.response_schemas import Answer, Usage


class TopLogprob(Answer):
    """One candidate for a place in the text."""

    text: str
    """Its text."""

    logprob: float
    """Its natural-log probability."""


class LogprobBody(Answer):
    """A token of an answer and its natural-log probability."""

    token_id: int
    """Its number in the model's vocabulary."""

    text: str
    """Its own text; `<eos>` is the model's own end, and a stop text's tokens come last."""

    logprob: float | None
    """How probable it was."""

    special: bool
    """Whether `text` is its name, as it has none."""

    top: list[TopLogprob]
    """The most probable tokens at its place, best first."""


class Choice(Answer):
    """One answer to the prompt, or a new piece of it in a stream."""

    index: int
    """Which of the `n` answers."""

    text: str
    """Its text, without the prompt; in a stream the next piece of it."""

    finish_reason: Literal["stop", "length"] | None
    """`stop`: a stop text or the model's own end; `length`: `max_tokens`; null in a stream until
    the last piece."""

    seed: int
    """Send it with the same request to get the same text."""

    num_tokens: int | None = None
    """In a stream, the tokens behind this piece; they add up to `usage`."""

    logprobs: list[LogprobBody] | None = None
    """Its tokens, if asked for: as many as are counted."""

    gates: GatesBody | None = None
    """What went on inside the network, if asked for; in a stream it comes with the last piece."""

    state: str | None = None
    """With `return_state`: where the network stands at its end, to be sent as `state`. In a stream
    it comes with the last piece."""


class GenerateAnswerBody(Answer):
    """Generated texts; in a stream each event is one of these, `usage` only in the last."""

    id: str
    """Made of the request's id."""

    object: Literal["generation", "generation.chunk"]
    """What this is: the whole, or an event of a stream."""

    created: int
    """Unix seconds."""

    model: str
    """Name of the model that writes."""

    version: int
    """Its version."""

    choices: list[Choice]
    """The answers; in an event, one piece of one of them."""

    usage: Usage | None = None
    """Tokens counted; in a stream only in the last event."""
