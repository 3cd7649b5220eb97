"""What crosses the border between the API and the engine: requests in, answers out.

Plain frozen data: no arrays, no HTTP, no model objects.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Explain = Literal["trajectory", "occlusion"]
FinishReason = Literal["stop", "length"]
Task = Literal["text-classification", "text-generation"]


def never() -> bool:
    """Say no, as nobody leaves who cannot be seen to."""
    return False


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """Texts to classify.

    Args:
        texts: At least one text.
        model: `name`, `name:version` or `name:label`; None for the default classifier.
        explain: "trajectory" for the probabilities after each token, "occlusion" for the change
            when each word is left out, None for neither.
        deadline: `time.monotonic()` value after which `DeadlineExceeded` is raised.
        is_caller_gone: Tells whether nobody waits any more; asked between batches.
        version: The one to take of those that `model` may mean, where one was told already.
    """

    texts: tuple[str, ...]
    model: str | None = None
    explain: Explain | None = None
    deadline: float | None = None
    is_caller_gone: Callable[[], bool] = field(default=never, compare=False)
    version: int | None = None


@dataclass(frozen=True, slots=True)
class TokenScore:
    """One piece of the caller's text and what it does to the answer.

    Args:
        start: Offset of its first character in the caller's text.
        end: Offset after its last character.
        probs: "trajectory": class probabilities after reading up to and with this token.
            "occlusion": probabilities of the whole text minus those without this word.
    """

    start: int
    end: int
    probs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Classification:
    """The answer for one text; `probs` in label order, `score` the label's own probability."""

    label: str
    score: float
    probs: tuple[float, ...]
    num_tokens: int
    truncated: bool
    explanation: tuple[TokenScore, ...] | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Where a request's time went: seconds waiting, seconds in the model, rows in its batch."""

    queue_s: float
    compute_s: float
    batch_size: int


@dataclass(frozen=True, slots=True)
class ClassifyAnswer:
    """Answers in the order of the request's texts, and which version gave them."""

    model: str
    version: int
    results: tuple[Classification, ...]
    timing: Timing


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn; a field left None takes the model's own default.

    Args:
        max_tokens: Tokens to generate at most, 0 and up.
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
    """

    prompt: str | tuple[int, ...]
    sampling: Sampling = Sampling()
    model: str | None = None
    echo: bool = False
    deadline: float | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One token of an answer and the most probable tokens at its place, best first.

    `logprob` is its natural-log probability, None for an echoed first token; `data` the bytes that
    it adds to the text in UTF-8, maybe only a part of a character.
    """

    token_id: int
    text: str
    logprob: float | None
    top: tuple[tuple[str, float], ...] = ()
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Delta:
    """A new piece of answer `index`: whole characters only, never part of a stop text.

    `num_tokens` counts the tokens behind this piece; `finish_reason` is set on the last one, and
    `has_eos` if the model itself, not a stop text, ended the answer there.
    """

    index: int
    text: str
    num_tokens: int
    finish_reason: FinishReason | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    has_eos: bool = False


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


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model takes, for whoever has to say so before a request is made.

    Args:
        name: Model name.
        version: Version number.
        task: "text-classification" or "text-generation".
        created: Unix seconds of its publication.
        vocab_size: Token ids are 0 to `vocab_size` - 1.
        classes: Class labels of a classifier in the order of `probs`, else empty.
        max_seq_len: Tokens of a text that a classifier reads; longer ones are cut. Else 0.
        can_trace: Whether a classifier explains by "trajectory".
        max_prompt_tokens: Longest prompt of a generator in tokens, else 0.
        max_tokens: Upper limit of `max_tokens` of a generator, else 0.
        prompts: The only prompts that a generator takes, or empty for any text.
        sampling: A generator's own defaults, complete; else None.
    """

    name: str
    version: int
    task: Task
    created: int
    vocab_size: int
    classes: tuple[str, ...] = ()
    max_seq_len: int = 0
    can_trace: bool = False
    max_prompt_tokens: int = 0
    max_tokens: int = 0
    prompts: tuple[str, ...] = ()
    sampling: Sampling | None = None


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One version of one model as this worker sees it.

    Args:
        name: Model name.
        version: Version number.
        task: "text-classification" or "text-generation".
        state: "ready", or "refused" with the reason.
        is_default: Whether `name` alone means this version.
        labels: Names such as "stable" that point at it.
        created: Unix seconds of its publication.
        classes: Class labels of a classifier, else empty.
        prompts: The only prompts that a generator takes, or empty for any text.
        metrics: Figures from its manifest.
        reason: Why it was refused; at the default version, why the store's plan cannot be read.
        sampling: A generator's own defaults, complete; else None.
        canary_weight: Its share of the requests that name no version, if it is the canary.
        is_shadow: Whether it only gets copies of requests, to be compared.
    """

    name: str
    version: int
    task: str
    state: Literal["ready", "refused"]
    is_default: bool
    labels: tuple[str, ...] = ()
    created: int = 0
    classes: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    metrics: tuple[tuple[str, float], ...] = ()
    reason: str | None = None
    sampling: Sampling | None = None
    canary_weight: float | None = None
    is_shadow: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """Whether this worker answers requests now, and if not why.

    Args:
        is_ready: Whether requests are answered.
        reason: Why not, for people; "" if they are.
        is_alive: False once it will never answer again, and the worker should be replaced.
    """

    is_ready: bool
    reason: str
    is_alive: bool = True
