"""Writing token by token: what is asked and what is answered, whatever it begins with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from service.engine.requests.gates import Gates, GatesAsk

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn; a field left None takes the model's own default.

    Args:
        max_tokens: Tokens to generate at most, 0 and up.
        min_tokens: Tokens before which neither the model's own end nor a stop text ends the answer;
            `max_tokens` does.
        ignore_eos: Never draw the model's own end.
        temperature: 0 takes the most probable token each time; up to 2.
        top_k: Keep the k most probable tokens; 0 keeps all.
        top_p: Keep the smallest set of most probable tokens with this total probability, (0, 1].
        min_p: Drop tokens below this share of the top token's probability, [0, 1].
        repetition_penalty: Over 1 makes tokens seen in prompt or answer less likely (Keskar et
            al. 2019, CTRL), (0, 10].
        presence_penalty: Subtracted from the logit of every token generated so far, -2 to 2.
        frequency_penalty: Subtracted once per occurrence generated so far, -2 to 2.
        logit_bias: (token id, value added to its logit) pairs.
        stop: Texts that end the answer; they are not part of it.
        seed: The same seed, request and version give the same text; None draws one.
        n: Independent answers to the one prompt; answer i uses seed + i.
        logprobs: Number of most probable tokens to report at each position, or None.
    """

    max_tokens: int | None = None
    min_tokens: int = 0
    ignore_eos: bool = False
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    stop: tuple[str, ...] | None = None
    seed: int | None = None
    n: int = 1
    logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """A prompt to continue.

    Args:
        prompt: Text, or token ids of the model's own vocabulary.
        sampling: How to draw.
        model: `name`, `name:version` or `name:label`; None for the default generator.
        echo: Also report the prompt's own tokens (with log probabilities if asked for), first.
        deadline: `time.monotonic()` value after which `DeadlineExceeded` is raised.
        version: The one to take of those that `model` may mean, where one was told already.
        numbers: An image to write about, where the model takes one in a prompt's place.
        state: What an earlier answer gave to go on from; the prompt, which may be empty, is read
            after it.
        returns_state: Whether each answer is to have the state at its end.
        gates: What of the inside is to be told at the end of each answer; None for nothing.
    """

    verb: ClassVar[str] = "generate"

    prompt: str | tuple[int, ...]
    sampling: Sampling = Sampling()
    model: str | None = None
    echo: bool = False
    deadline: float | None = None
    version: int | None = None
    numbers: Sequence[Any] = ()
    state: str | None = field(default=None, repr=False)
    returns_state: bool = False
    gates: GatesAsk | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One token of an answer and the most probable tokens at its place, best first.

    Every token that is counted has one, also what ends the answer and is no part of its text.

    Args:
        token_id: Its number.
        text: Its own text; the name of one that has none, such as the model's own end.
        logprob: Its natural-log probability; None for an echoed first token.
        top: The most probable tokens' texts and log probabilities.
        data: Bytes that it adds to the answer's text in UTF-8, maybe only a part of a character.
        offset: Where in the answer's text it begins, in characters; that text's length for what
            comes after it.
        is_special: Whether it has a name and no text.
    """

    token_id: int
    text: str
    logprob: float | None
    top: tuple[tuple[str, float], ...] = ()
    data: bytes = b""
    offset: int = 0
    is_special: bool = False


@dataclass(frozen=True, slots=True)
class Delta:
    """A new piece of answer `index`: whole characters only, never part of a stop text.

    `num_tokens` counts the tokens behind this piece; `finish_reason` is set on the last one, and
    `has_eos` if the model itself, not a stop text, ended the answer there. `state` is on the last
    one too, if it was asked for: what another request can go on from. So is `gates`: the inside of
    the network while it read the prompt and what it wrote.
    """

    index: int
    text: str
    num_tokens: int
    finish_reason: FinishReason | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    has_eos: bool = False
    state: str | None = None
    gates: Gates | None = None


@dataclass(frozen=True, slots=True)
class GeneratedAnswer:
    """A whole answer; fields as in `Delta`, and the seed that draws the same text again."""

    index: int
    text: str
    num_tokens: int
    finish_reason: FinishReason
    seed: int
    logprobs: tuple[TokenLogprob, ...] = ()
    has_eos: bool = False
    state: str | None = None
    gates: Gates | None = None
