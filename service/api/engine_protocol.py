"""What the API needs of an engine: the facade of `service/engine/engine.py`, as types alone.

Tests hand in `tests/fakes.py` instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from service.engine.requests.generate import Delta, GeneratedAnswer
from service.engine.types import (
    Card,
    EngineRequest,
    Health,
    ModelInfo,
    ModelStatus,
    Picture,
    Timing,
)


class GenerationProtocol(Protocol):
    """A running generation, owned by the request that started it."""

    @property
    def model(self) -> str:
        """Name of the model that writes."""

    @property
    def version(self) -> int:
        """Its version."""

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each answer."""

    def events(self, heartbeat_s: float) -> Iterator[Delta | None]:
        """Yield each new piece of text; None whenever `heartbeat_s` seconds pass without one.

        Raises:
            ServiceError: The generation failed or its deadline passed.
        """

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until all answers have ended, at most `timeout_s` seconds; return whether they have.

        Raises:
            ServiceError: The generation failed or its deadline passed.
        """

    def result(self) -> list[GeneratedAnswer]:
        """Wait for all answers; raises as `wait` does."""

    @property
    def timing(self) -> Timing:
        """Where the time went, up to now."""

    def cancel(self) -> None:
        """Give up what is still being generated; does nothing once it has ended."""


class VocabularyProtocol(Protocol):
    """The tokens of one version of one model."""

    @property
    def info(self) -> ModelInfo:
        """What the model takes."""

    @property
    def special_ids(self) -> Mapping[str, int]:
        """The ids of its special tokens, such as `<eos>`, which no text becomes."""

    def encode(self, text: str, /) -> list[int]:
        """Return a text's token ids; raises `InvalidInput`."""

    def decode(self, token_ids: Sequence[int], /) -> str:
        """Return the text of tokens, special ones left out; raises `InvalidInput`."""

    def pieces(self, token_ids: Sequence[int], /) -> list[str]:
        """Return tokens as the vocabulary writes them."""


class EngineProtocol(Protocol):
    """Answers requests with the models that are loaded."""

    def answer(self, request: EngineRequest, /) -> Any:
        """Answer a request, or start to, as its verb says; raises a `ServiceError`."""

    def models(self) -> list[ModelStatus]:
        """Tell every version that is served, and every one that was refused."""

    def card(self, name: str, version: int | None) -> Card:
        """Return the card of a stored version, None for the newest; raises `ModelNotFound`."""

    def picture(self, name: str, version: int | None, filename: str) -> Picture:
        """Return a picture of that card; raises `ModelNotFound` or `PictureNotFound`."""

    def resolve(self, model: str | None, verb: str | None) -> ModelInfo:
        """Tell what a model takes; raises `ModelNotFound` or `WrongTask`.

        Args:
            model: `name`, `name:version` or `name:label`; None for the verb's default.
            verb: What it will be asked to do; None where any model will do.
        """

    def vocabulary(self, model: str | None, verb: str) -> VocabularyProtocol:
        """Return the tokens of a model; raises `ModelNotFound`, or `WrongTask` if it has none.

        Args:
            model: `name`, `name:version` or `name:label`; None for the default to `verb`.
            verb: Whose default None means; a model that is named may do anything.
        """

    def health(self) -> Health:
        """Tell whether requests are answered now."""

    def drain(self) -> None:
        """Refuse new requests with `NotReady` from now on; running ones end as usual."""

    def close(self, patience_s: float) -> None:
        """Stop; what is still running after `patience_s` seconds fails with `NotReady`."""
