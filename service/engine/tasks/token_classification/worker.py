"""One version of a tagger, ready to answer."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from model_store.bio import allowed_pairs, best_path
from model_store.tasks.token_classification import TaggerConfig
from model_store.words import UNKNOWN, WordVocabulary, split_words
from service.engine.arrays import Floats
from service.engine.batch_worker import BatchWorker, timing_of
from service.engine.options import EngineOptions
from service.engine.requests.tag import Tag, TagAnswer, TagRequest
from service.engine.tasks.token_classification.runtime import TaggerRuntime, Words
from service.engine.types import VersionId
from service.engine.worker import Difference, Offer, Worker
from service.errors import InvalidInput, ServiceError

MAX_COMPARED = 32  # texts of one request that a shadow is asked as well
COPY_PATIENCE_S = 60.0  # for its answer

Spans = list[tuple[int, int]]


class TaggerWorker(BatchWorker[Words]):
    """Labels the words of texts; see `service.engine.worker.Worker`.

    Args:
        version: What it is called in answers.
        runtime: The model.
        config: Its configuration.
        vocabulary: Its words and characters.
        options: Limits.
    """

    noun = "text"

    def __init__(
        self,
        version: VersionId,
        runtime: TaggerRuntime,
        config: TaggerConfig,
        *,
        vocabulary: WordVocabulary,
        options: EngineOptions,
    ) -> None:
        """Start with nothing waiting."""
        super().__init__(options)
        self._version = version
        self._runtime = runtime
        self._config = config
        self._vocabulary = vocabulary
        self._allowed = allowed_pairs(config.labels) if config.scheme == "bio" else None

    def answer(self, request: TagRequest) -> TagAnswer:
        """Label the words of each text.

        Raises:
            InvalidInput: If there is no text, or one without words or with too many.
            ServiceError: As in `BatchWorker.run`.
        """
        if not request.texts:
            raise InvalidInput("`input` has no text: send at least one", param="input")
        self.check_room(len(request.texts))
        spans = [self._spans(text, place) for place, text in enumerate(request.texts)]
        inputs = [
            encode(text, own, self._vocabulary, self._config.max_word_chars)
            for text, own in zip(request.texts, spans, strict=True)
        ]
        job = self.run(inputs, request.deadline, request.is_caller_gone)
        results = tuple(self._named(*pair) for pair in zip(spans, job.outputs, strict=True))
        return TagAnswer(*self._version, results, timing_of(job))

    def outputs(self, inputs: Sequence[Words]) -> list[Floats | None]:
        """Return (num_words, num_labels) probabilities of each text."""
        rows = self._runtime.probs(inputs)
        return [row if np.isfinite(row).all() else None for row in rows]

    def probe(self, deadline: float) -> None:
        """Label one unknown word; errors as in `run`."""
        self.run([Words([UNKNOWN], [[UNKNOWN]])], deadline)

    def compare(self, request: TagRequest, answer: TagAnswer, shadow: Worker, offer: Offer) -> None:
        """Offer to label the same with `shadow`; see `worker.Worker`."""
        few = replace(request, texts=request.texts[:MAX_COMPARED])
        offer(partial(compare_tags, shadow, few, answer.results[:MAX_COMPARED]))

    def _spans(self, text: str, place: int) -> Spans:
        spans, param = split_words(text), f"input[{place}]"
        if not spans:
            raise InvalidInput(f"`{param}` has no words: send some", param=param)
        most = self._config.max_words
        if len(spans) > most:
            raise InvalidInput(
                f"`{param}` has {len(spans)} words, this model reads up to {most}: split it",
                param=param,
            )
        return spans

    def _named(self, spans: Spans, probs: Floats) -> tuple[Tag, ...]:
        places = (
            probs.argmax(axis=1).tolist()
            if self._allowed is None
            else best_path(probs, self._allowed)
        )
        scores = probs[np.arange(len(spans)), places].tolist()
        labels = self._config.labels
        rows = zip(spans, places, scores, strict=True)
        return tuple(Tag(start, end, labels[place], score) for (start, end), place, score in rows)


def encode(text: str, spans: Spans, vocabulary: WordVocabulary, max_word_chars: int) -> Words:
    """Return a text as the graph reads it."""
    words = [text[start:end] for start, end in spans]
    spelled = [vocabulary.character_ids(word, max_word_chars) for word in words]
    return Words(vocabulary.word_ids(words), spelled)


def compare_tags(
    shadow: Worker, request: TagRequest, results: Sequence[tuple[Tag, ...]]
) -> Difference:
    """Label with `shadow`; a text is the same if each of its labels is.

    Raises:
        ServiceError: If `shadow` fails, or does another task.
    """
    if not isinstance(shadow, TaggerWorker):
        raise ServiceError("it does another task than the default version")
    copy = shadow.answer(replace(request, deadline=time.monotonic() + COPY_PATIENCE_S))
    pairs = zip(results, copy.results, strict=True)
    same = sum([one.label for one in old] == [one.label for one in new] for old, new in pairs)
    return Difference(same, len(results) - same)
