"""Answers classification requests with one version of one model.

Tokenizes on the caller's thread, lets `batch_worker` run the sequences beside those of others, and
names the result. What explanations add is in `explain`.
"""

import math
from collections.abc import Iterator, Sequence

from model_store import ClassifierConfig, Tokenizer
from service.engine.batch_worker import BatchWorker, timing_of
from service.engine.options import EngineOptions
from service.engine.pausing import pause
from service.engine.requests.classify import Classification, ClassifyRequest
from service.engine.tasks.text_classification.resume_runtime import (
    Reading,
    TextReader,
    TextState,
)
from service.engine.tasks.text_classification.runtime import ClassifierGraph
from service.engine.types import Timing
from service.errors import InvalidInput

Whole = list[int]
"""The token ids of a text that is read at once."""

Text = str | tuple[int, ...]
"""A text as it is sent: written, or as token ids."""

CHARS_PER_STRETCH = 4_000
"""Text tokenized before others get a turn: about 0.7 ms, against 6 microseconds for the turn."""


class Classifier(BatchWorker[Whole | Reading]):
    """One version of one classifier, ready to answer; threads share it.

    Args:
        runtime: The model.
        config: Its configuration.
        tokenizer: Its tokenizer.
        options: Limits.
        resume: Reads texts in parts, if the model can.
    """

    noun = "text"

    def __init__(
        self,
        runtime: ClassifierGraph,
        config: ClassifierConfig,
        *,
        tokenizer: Tokenizer,
        options: EngineOptions,
        resume: TextReader | None = None,
    ) -> None:
        """Start with nothing waiting."""
        self._resume = resume
        self.runtime = runtime
        self.config = config
        self.tokenizer = tokenizer
        super().__init__(options)

    def outputs(
        self, inputs: Sequence[Whole | Reading]
    ) -> Sequence[list[float] | TextState | None]:
        """Return the probabilities of each whole text of 1 to `max_seq_len` tokens.

        For the next part of a text where its reading stands then.
        """
        whole = [one for one in inputs if not isinstance(one, Reading)]
        if len(whole) == len(inputs):
            return self._probs(whole)
        parts = [one for one in inputs if isinstance(one, Reading)]
        assert self._resume is not None, "only who can resume is given parts"
        states = iter(self._resume.read(parts))
        probs = iter(self._probs(whole) if whole else ())
        return [_sound(next(states)) if isinstance(one, Reading) else next(probs) for one in inputs]

    def _probs(self, sequences: Sequence[Whole]) -> list[list[float] | None]:
        rows = self.runtime.probs(sequences).tolist()
        return [row if math.isfinite(sum(row)) else None for row in rows]

    def classify(self, request: ClassifyRequest) -> tuple[list[Classification], Timing]:
        """Classify each text of a request.

        Raises:
            InvalidInput: If a text has nothing in it that the model could read.
            QueueFull: If too much is waiting.
            DeadlineExceeded: If the request's deadline passed first.
            Cancelled: If its caller left.
            NotReady: If the service stops.
            EngineFailure: If the model failed on one of its texts.
        """
        self.check_room(len(request.texts))
        sequences, are_cut = self.encode(request.texts, self.reading(request))
        as_read = list(map(self.config.as_read, sequences))
        job = self.run(as_read, request.deadline, request.is_caller_gone)
        if len(sequences) > 1:
            pause()  # its caller writes a long answer now
        rows = zip(sequences, are_cut, job.outputs, strict=True)
        results = [self.named(ids, probs, is_cut=is_cut) for ids, is_cut, probs in rows]
        return results, timing_of(job)

    def reading(self, request: ClassifyRequest) -> ClassifierConfig:
        """Return the configuration by which the texts of a request are cut."""
        config = self.config
        if request.max_text_tokens is None and request.truncation is None:
            return config
        most = request.max_text_tokens or config.max_seq_len
        changes = {
            "max_seq_len": min(most, config.max_seq_len),
            "truncation": request.truncation or config.truncation,
        }
        return config.model_copy(update=changes)

    def encode(
        self, texts: Sequence[Text], config: ClassifierConfig
    ) -> tuple[list[Whole], list[bool]]:
        """Return `tokens` of each text.

        Raises:
            InvalidInput: If a text is no text, or nothing of it is left for the model to read.
        """
        sequences, are_cut = self.tokens(texts, config)
        for index, token_ids in enumerate(sequences):
            if not self.config.as_read(token_ids):
                raise self.nothing_to_read(index)
        return sequences, are_cut

    def tokens(
        self, texts: Sequence[Text], config: ClassifierConfig
    ) -> tuple[list[Whole], list[bool]]:
        """Return the token ids of each text that the model reads, and whether it has more.

        What is cut off is let go of at once: a token takes 40 bytes, and a bulk of long texts has
        millions.

        Raises:
            InvalidInput: If a text is no text.
        """
        sequences: list[Whole] = []
        are_cut: list[bool] = []
        for chunk in _chunks(texts):
            if len(chunk) == len(texts):
                encoded = self._encode(chunk)
            else:
                with self._stretches.next():
                    encoded = self._encode(chunk)
            sequences += map(config.cut, encoded)
            are_cut += [len(token_ids) > config.max_seq_len for token_ids in encoded]
        return sequences, are_cut

    def nothing_to_read(self, index: int) -> InvalidInput:
        """Return the error of a text without a token."""
        return InvalidInput(
            f"text {index} of `input` has nothing that the model can read: send words",
            param="input",
        )

    def _encode(self, texts: Sequence[Text]) -> Sequence[Sequence[int]]:
        written = [text for text in texts if isinstance(text, str)]
        if len(written) < len(texts):
            return [self._checked_ids(text) for text in texts]
        try:
            return self.tokenizer.encode_ids_batch(written)
        except ValueError as exc:
            raise InvalidInput(f"`input`: {exc}; leave it out", param="input") from exc

    def _checked_ids(self, text: Text) -> Sequence[int]:
        if isinstance(text, str):
            return self._encode([text])[0]
        for token_id in text:
            if not 0 <= token_id < self.config.vocab_size:
                raise InvalidInput(
                    f"`input` has token {token_id}, but this model's tokens are 0 to "
                    f"{self.config.vocab_size - 1}: send text, or ids of this model",
                    param="input",
                )
        return text

    def named(
        self, token_ids: Sequence[int], probs: list[float], *, is_cut: bool
    ) -> Classification:
        """Return the answer that probabilities are."""
        score = max(probs)
        label = self.config.labels[probs.index(score)]
        return Classification(label, score, tuple(probs), len(token_ids), is_cut)


def _sound(state: TextState) -> TextState | None:
    return state if math.isfinite(float(state.probs.sum())) else None


def _chunks(texts: Sequence[Text]) -> Iterator[Sequence[Text]]:
    """Divide texts into runs of about `CHARS_PER_STRETCH` characters, or ids."""
    if len(texts) == 1:
        yield texts
        return
    start = num_chars = 0
    for stop, text in enumerate(texts, 1):
        num_chars += len(text)
        if num_chars >= CHARS_PER_STRETCH or stop == len(texts):
            yield texts[start:stop]
            start, num_chars = stop, 0
