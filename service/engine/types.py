"""What crosses the border between the API and the engine, whatever the task.

Plain frozen data: no arrays, no HTTP, no model objects. What is asked of a model is in `requests`,
one module a verb.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from model_store import FileInfo, Manifest


def never() -> bool:
    """Say no, as nobody leaves who cannot be seen to."""
    return False


class VersionId(NamedTuple):
    """A version of a model, by name and number."""

    model: str
    version: int


class EngineRequest(Protocol):
    """What every request has; the rest is its verb's.

    Args:
        verb: What a model is asked to do, such as "classify".
        model: `name`, `name:version` or `name:label`; None for the verb's default.
        deadline: `time.monotonic()` value after which `DeadlineExceeded` is raised.
        version: The one to take of those that `model` may mean, where one was told already.
    """

    verb: ClassVar[str]

    @property
    def model(self) -> str | None:
        """See above."""

    @property
    def deadline(self) -> float | None:
        """See above."""

    @property
    def version(self) -> int | None:
        """See above."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Where a request's time went: seconds waiting, seconds in the model, rows in its batch."""

    queue_s: float
    compute_s: float
    batch_size: int


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a model takes, for whoever has to say so before a request is made.

    Args:
        name: Model name.
        version: Version number.
        task: Its task.
        verb: What it can be asked to do.
        created: Unix seconds of its publication.
        vocab_size: Token ids are 0 to `vocab_size` - 1; 0 if it has none.
        classes: Class labels of a classifier in the order of `probs`, else empty.
        max_seq_len: Tokens of a text that a classifier reads; longer ones are cut. Else 0.
        can_trace: Whether a classifier explains by "trajectory".
        max_prompt_tokens: Longest prompt of a generator in tokens, else 0.
        max_tokens: Upper limit of `max_tokens` of a generator, else 0.
        prompts: The only prompts that a generator takes, or empty for any text.
        sampling: Its defaults where it writes token by token, by field; else None.
        input_shape: Shape of the numbers that it takes, -1 for any size; empty if it takes texts.
        facts: More that a caller may want to know, by name.
    """

    name: str
    version: int
    task: str
    verb: str
    created: int
    vocab_size: int = 0
    classes: tuple[str, ...] = ()
    max_seq_len: int = 0
    can_trace: bool = False
    max_prompt_tokens: int = 0
    max_tokens: int = 0
    prompts: tuple[str, ...] = ()
    sampling: Mapping[str, Any] | None = None
    input_shape: tuple[int, ...] = ()
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One version of one model as this worker sees it.

    Args:
        name: Model name.
        version: Version number.
        task: Its task.
        state: "ready", or "refused" with the reason.
        is_default: Whether `name` alone means this version.
        labels: Names such as "stable" that point at it.
        created: Unix seconds of its publication.
        classes: Class labels of a classifier, else empty.
        prompts: The only prompts that a generator takes, or empty for any text.
        metrics: Figures from its manifest.
        reason: Why it was refused; at the default version, why the store's plan cannot be read.
        sampling: Its defaults where it writes token by token, by field; else None.
        canary_weight: Its share of the requests that name no version, if it is the canary.
        is_shadow: Whether it only gets copies of requests, to be compared.
        input_shape: As in `ModelInfo`.
        facts: As in `ModelInfo`.
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
    sampling: Mapping[str, Any] | None = None
    canary_weight: float | None = None
    is_shadow: bool = False
    input_shape: tuple[int, ...] = ()
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """A stored version for people, whether it is served or not.

    Args:
        manifest: What it was made of, its figures and its command.
        text: The card as Markdown; None if the version has none that can be shown.
        pictures: Its pictures by name.
        versions: Manifests of the model's newest versions, ascending.
        unreadable: Why the manifests of others among the newest cannot be read, by version.
        example: A text of the kind that it takes; None if it takes none, or it cannot be read.
    """

    manifest: Manifest
    text: str | None
    pictures: Mapping[str, FileInfo]
    versions: tuple[Manifest, ...]
    unreadable: Mapping[int, str] = field(default_factory=dict)
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a card: PNG bytes and their SHA-256 (hex)."""

    body: bytes
    sha256: str


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
