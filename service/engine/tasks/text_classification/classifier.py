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
from service.engine.tasks.text_classification.runtime import ClassifierGraph
from service.engine.types import Timing
from service.errors import InvalidInput

CHARS_PER_STRETCH = 4_000
"""Text tokenized before others get a turn: about 0.7 ms, against 6 microseconds for the turn."""


class Classifier(BatchWorker[list[int]]):
    """One version of one classifier, ready to answer; threads share it.

    Args:
        runtime: The model.
        config: Its configuration.
        tokenizer: Its tokenizer.
        options: Limits.
    """

    noun = "text"

    def __init__(
        self,
        runtime: ClassifierGraph,
        config: ClassifierConfig,
        *,
        tokenizer: Tokenizer,
        options: EngineOptions,
    ) -> None:
        """Start with nothing waiting."""
        self.runtime = runtime
        self.config = config
        self.tokenizer = tokenizer
        super().__init__(options)

    def outputs(self, inputs: Sequence[list[int]]) -> list[list[float] | None]:
        """Return the probabilities of each sequence of 1 to `max_seq_len` tokens."""
        rows = self.runtime.probs(inputs).tolist()
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
        job = self.run(sequences, request.deadline, request.is_caller_gone)
        if len(sequences) > 1:
            pause()  # its caller writes a long answer now
        rows = zip(sequences, are_cut, job.outputs, strict=True)
        return [self._named(*row) for row in rows], timing_of(job)

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
        self, texts: Sequence[str | tuple[int, ...]], config: ClassifierConfig
    ) -> tuple[list[list[int]], list[bool]]:
        """Return the token ids of each text that the model reads, and whether it has more.

        What is cut off is let go of at once: a token takes 40 bytes, and a bulk of long texts has
        millions.

        Raises:
            InvalidInput: If a text is no text, or nothing of it is left for the model to read.
        """
        sequences: list[list[int]] = []
        are_cut: list[bool] = []
        for chunk in _chunks(texts):
            if len(chunk) == len(texts):
                encoded = self._encode(chunk)
            else:
                with self._stretches.next():
                    encoded = self._encode(chunk)
            sequences += map(config.cut, encoded)
            are_cut += [len(token_ids) > config.max_seq_len for token_ids in encoded]
        for index, token_ids in enumerate(sequences):
            if not token_ids:
                raise InvalidInput(
                    f"text {index} of `input` has nothing that the model can read: send words",
                    param="input",
                )
        return sequences, are_cut

    def _encode(self, texts: Sequence[str | tuple[int, ...]]) -> Sequence[Sequence[int]]:
        written = [text for text in texts if isinstance(text, str)]
        if len(written) < len(texts):
            return [self._checked_ids(text) for text in texts]
        try:
            return self.tokenizer.encode_ids_batch(written)
        except ValueError as exc:
            raise InvalidInput(f"`input`: {exc}; leave it out", param="input") from exc

    def _checked_ids(self, text: str | tuple[int, ...]) -> Sequence[int]:
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

    def _named(self, token_ids: Sequence[int], is_cut: bool, probs: list[float]) -> Classification:
        score = max(probs)
        label = self.config.labels[probs.index(score)]
        return Classification(label, score, tuple(probs), len(token_ids), is_cut)


def _chunks(
    texts: Sequence[str | tuple[int, ...]],
) -> Iterator[Sequence[str | tuple[int, ...]]]:
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
