"""Answers classification requests with one version of one model.

Tokenizes on the caller's thread, lets `combiner` run the sequences beside those of others, and
names the result. What explanations add is in `explain`.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence

from model_store.tasks.text_classification import ClassifierConfig
from model_store.tokenizer import Tokenizer
from service.engine.activity import Tally
from service.engine.batcher import Batcher, Item, Job
from service.engine.flat_combining import FlatCombiner
from service.engine.isolation import probs_of_each
from service.engine.options import EngineOptions
from service.engine.pausing import Stretches, pause
from service.engine.runtime import ClassifierGraph
from service.engine.types import Classification, ClassifyRequest, Timing, never
from service.errors import EngineFailure, InvalidInput

CHARS_PER_STRETCH = 4_000
"""Text tokenized before others get a turn: about 0.7 ms, against 6 microseconds for the turn."""


class Classifier:
    """One version of one classifier, ready to answer; threads share it.

    Args:
        runtime: The model.
        config: Its configuration.
        tokenizer: Its tokenizer.
        options: Limits.
    """

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
        batcher = Batcher(
            options.max_batch_tokens,
            options.max_queue_size,
            max_wait_s=options.max_wait_ms / 1000,
        )
        self._stretches = Stretches()
        self._combiner = FlatCombiner(batcher, self._run_batch, self._stretches)

    @property
    def num_waiting(self) -> int:
        """Sequences in line."""
        return self._combiner.num_waiting

    @property
    def num_running(self) -> int:
        """Always 0: a classifier's batches are over in milliseconds."""
        return 0

    @property
    def tally(self) -> Tally:
        """What its batches added up to."""
        return self._combiner.tally

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
        self._combiner.check_room(len(request.texts))
        sequences, are_cut = self.encode(request.texts)
        job = self.run(sequences, request.deadline, request.is_caller_gone)
        if len(sequences) > 1:
            pause()  # its caller writes a long answer now
        rows = zip(sequences, are_cut, job.probs, strict=True)
        return [self._named(*row) for row in rows], timing_of(job)

    def run(
        self,
        sequences: Sequence[list[int]],
        deadline: float | None,
        is_caller_gone: Callable[[], bool] = never,
    ) -> Job:
        """Run sequences of 1 to `max_seq_len` tokens; errors as in `classify`."""
        job = Job(sequences, time.monotonic(), deadline, is_caller_gone)
        self._combiner.complete(job)
        return job

    def close(self, patience_s: float | None = None) -> None:
        """Let what runs be answered; with a patience, which only its callers need, fail it."""
        if patience_s is not None:
            self._combiner.stop()

    def encode(self, texts: Sequence[str]) -> tuple[list[list[int]], list[bool]]:
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
            sequences += map(self.config.cut, encoded)
            are_cut += [len(token_ids) > self.config.max_seq_len for token_ids in encoded]
        for index, token_ids in enumerate(sequences):
            if not token_ids:
                raise InvalidInput(
                    f"text {index} of `input` has nothing that the model can read: send words",
                    param="input",
                )
        return sequences, are_cut

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        try:
            return self.tokenizer.encode_ids_batch(texts)
        except ValueError as exc:
            raise InvalidInput(f"`input`: {exc}; leave it out", param="input") from exc

    def _run_batch(self, batch: Sequence[Item]) -> None:
        """Settle each item; an item that the model fails on fails its job."""
        sequences = [item.token_ids for item in batch]
        probs = probs_of_each(self.runtime, sequences, len(self.config.labels))
        for item, row in zip(batch, probs.tolist(), strict=True):
            if math.isfinite(sum(row)):
                item.job.settle(item.index, row)
            else:
                item.job.error = EngineFailure(
                    f"the model failed on text {item.index}; other requests are not touched"
                )

    def _named(self, token_ids: Sequence[int], is_cut: bool, probs: list[float]) -> Classification:
        score = max(probs)
        label = self.config.labels[probs.index(score)]
        return Classification(label, score, tuple(probs), len(token_ids), is_cut)


def timing_of(job: Job) -> Timing:
    """Return where a finished job's time went."""
    started = job.submitted if job.started is None else job.started
    return Timing(started - job.submitted, job.compute_s, job.batch_size)


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Divide texts into runs of about `CHARS_PER_STRETCH` characters."""
    if len(texts) == 1:
        yield texts
        return
    start = num_chars = 0
    for stop, text in enumerate(texts, 1):
        num_chars += len(text)
        if num_chars >= CHARS_PER_STRETCH or stop == len(texts):
            yield texts[start:stop]
            start, num_chars = stop, 0
