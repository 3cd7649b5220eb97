"""One version of a translator: token by token beside others, or whole texts by beam search."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from model_store import Tokenizer
from model_store.tasks.translation import TranslationConfig
from service.engine.activity import Tally
from service.engine.batch_worker import BatchWorker, timing_of
from service.engine.continuous_batching import Generator
from service.engine.options import EngineOptions
from service.engine.requests.translate import (
    Attention,
    SearchAnswer,
    SearchRequest,
    Span,
    TranslateRequest,
    Translation,
)
from service.engine.running_batch import never_drawn
from service.engine.tasks.translation.beam_search import Beams, Found, attention_of, search
from service.engine.tasks.translation.prompting import SourceBuilder
from service.engine.tasks.translation.runtime import TranslatorRuntime
from service.engine.types import VersionId
from service.engine.worker import Difference, Offer, Worker
from service.errors import InvalidInput, ServiceError

MAX_COMPARED = 8  # texts of one request that a shadow is asked as well
COPY_PATIENCE_S = 60.0  # for its answer


class BeamSearcher(BatchWorker[Beams]):
    """Translates whole texts in batches.

    Args:
        runtime: The model.
        config: Its configuration.
        tokenizer: Its tokenizer.
        options: Limits.
    """

    noun = "text"

    def __init__(
        self,
        runtime: TranslatorRuntime,
        config: TranslationConfig,
        *,
        tokenizer: Tokenizer,
        options: EngineOptions,
    ) -> None:
        """Start with nothing waiting."""
        super().__init__(options)
        self._runtime = runtime
        self._config = config
        self._banned = never_drawn(tokenizer, config.eos_id)

    def outputs(self, inputs: Sequence[Beams]) -> list[Found | None]:
        """Return the best translation of each source."""
        config = self._config
        return search(
            self._runtime,
            inputs,
            eos_id=config.eos_id,
            banned=self._banned,
            length_penalty=config.length_penalty,
        )


class TranslationWorker:
    """Answers requests to translate; see `service.engine.worker.Worker`.

    Args:
        version: What it is called in answers.
        sources: Checks and encodes texts.
        stepper: Writes token by token.
        searcher: Searches whole translations.
        runtime: The model, for its attention.
        tokenizer: Its tokenizer.
    """

    def __init__(
        self,
        version: VersionId,
        sources: SourceBuilder,
        stepper: Generator,
        *,
        searcher: BeamSearcher,
        runtime: TranslatorRuntime,
        tokenizer: Tokenizer,
    ) -> None:
        """Start with nothing waiting."""
        self._version = version
        self._sources = sources
        self._stepper = stepper
        self._searcher = searcher
        self._runtime = runtime
        self._tokenizer = tokenizer
        self._is_closed = False

    @property
    def failure(self) -> str | None:
        """Why it answers no longer, or None."""
        return self._stepper.failure

    @property
    def num_waiting(self) -> int:
        """Texts in line."""
        return self._stepper.num_waiting + self._searcher.num_waiting

    @property
    def num_running(self) -> int:
        """Translations being written token by token."""
        return self._stepper.num_running

    @property
    def tally(self) -> Tally:
        """What both ways added up to."""
        return self._stepper.tally + self._searcher.tally

    def answer(self, request: TranslateRequest | SearchRequest) -> Any:
        """Translate: a handle for one text token by token, the answer itself for a search."""
        if isinstance(request, TranslateRequest):
            return self._stepper.answer(request)
        if self._is_closed:
            return None
        return self.search(request)

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Translate whole texts.

        Raises:
            InvalidInput: If a text or a number cannot be.
            ServiceError: As in `BatchWorker.run`.
        """
        if not request.texts:
            raise InvalidInput("`input` has no text: send at least one", param="input")
        self._searcher.check_room(len(request.texts))
        self._sources.check_beams(request.num_beams)
        max_tokens = self._sources.checked_max_tokens(request.max_tokens)
        sources = [
            self._sources.encode(text, place if len(request.texts) > 1 else None)
            for place, text in enumerate(request.texts)
        ]
        beams = [Beams(source, request.num_beams, max_tokens) for source in sources]
        job = self._searcher.run(beams, request.deadline, request.is_caller_gone)
        rows = zip(request.texts, sources, job.outputs, strict=True)
        results = tuple(self._told(*row, request.has_attention) for row in rows)
        return SearchAnswer(*self._version, results, timing_of(job))

    def probe(self, deadline: float) -> None:
        """Write two tokens; errors as of `answer`."""
        self._stepper.probe(deadline)

    def compare(self, request: Any, answer: Any, shadow: Worker, offer: Offer) -> None:
        """Offer to translate the same with `shadow`; see `worker.Worker`."""
        if isinstance(request, SearchRequest):
            few = replace(request, texts=request.texts[:MAX_COMPARED], has_attention=False)
            offer(partial(compare_searches, shadow, few, answer.results[:MAX_COMPARED]))
        elif isinstance(shadow, TranslationWorker):
            self._stepper.compare(request, answer, shadow._stepper, offer)

    def close(self, patience_s: float | None = None) -> None:
        """Let go of it when its requests are answered; see `worker.Worker`."""
        self._is_closed = True
        self._stepper.close(patience_s)
        self._searcher.close(patience_s)

    def _told(self, text: str, source: list[int], found: Found, has_attention: bool) -> Translation:
        written = self._tokenizer.decode(found.token_ids)
        attention = self._attention(text, source, found) if has_attention else None
        return Translation(
            written, found.score, len(source), found.num_tokens, found.finish_reason, attention
        )

    def _attention(self, text: str, source: list[int], found: Found) -> Attention:
        spans = [Span(*offsets) for offsets in self._tokenizer.encode(text).offsets]
        ends = self._sources.ends_of(found.token_ids)
        starts = [0, *ends]
        target = [Span(start, end) for start, end in zip(starts, ends, strict=False)]
        token_ids = list(found.token_ids)
        if found.finish_reason == "stop":
            token_ids.append(self._sources.eos_id)
            target.append(Span(starts[-1], starts[-1]))
        bos_id = self._sources.bos_id
        weights = attention_of(self._runtime, source, token_ids, bos_id)
        rows = tuple(tuple(row) for row in weights.tolist())
        return Attention(tuple(spans), tuple(target), rows)


def compare_searches(
    shadow: Worker, request: SearchRequest, results: Sequence[Translation]
) -> Difference:
    """Translate with `shadow`; a translation is the same if every character is.

    Raises:
        ServiceError: If `shadow` fails, or does another task.
    """
    if not isinstance(shadow, TranslationWorker):
        raise ServiceError("it does another task than the default version")
    copy = shadow.search(replace(request, deadline=time.monotonic() + COPY_PATIENCE_S))
    same = sum(old.text == new.text for old, new in zip(results, copy.results, strict=True))
    return Difference(same, len(results) - same)
