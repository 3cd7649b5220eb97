"""Why a classifier answered as it did: the score along the text, without each word, or the inside.

Offsets are characters of the caller's own text.
"""

import logging
import re
from dataclasses import replace

from model_store import ClassifierConfig, Encoding
from service.engine.options import EngineOptions
from service.engine.patience import giving_way
from service.engine.requests.classify import Classification, ClassifyRequest, TokenScore
from service.engine.requests.gates import Gates, ReadToken
from service.engine.tasks.text_classification.classifier import Classifier
from service.engine.tasks.text_classification.inside import ClassifierInside
from service.engine.types import Timing
from service.errors import EngineFailure, InvalidInput

logger = logging.getLogger(__name__)

WORD = re.compile(r"\S+")


class Explainer:
    """Adds explanations to the answers of one classifier.

    Args:
        classifier: Whose answers.
        options: Limits.
        inside: Tells the inside of its network.
    """

    def __init__(
        self, classifier: Classifier, options: EngineOptions, inside: ClassifierInside
    ) -> None:
        """Remember whom to ask."""
        self._classifier = classifier
        self._options = options
        self._inside = inside

    def classify(self, request: ClassifyRequest) -> tuple[list[Classification], Timing]:
        """Classify each text of a request and explain the answer.

        Raises:
            InvalidInput: If the request has too many texts, or model or text cannot be explained
                in the way asked for.
            ServiceError: As in `Classifier.classify`.
        """
        self._check(request)
        results, timing = self._classifier.classify(request)
        if request.explain == "gates":
            config, num_tokens = self._classifier.config, sum(one.num_tokens for one in results)
            if config.padding is not None:
                num_tokens = config.max_seq_len * len(results)
            self._inside.inside.check(request.gates, num_tokens, "send less text")
        give_way = giving_way(request.deadline, request.is_caller_gone)
        explained = []
        for text, result in zip(request.texts, results, strict=True):
            assert isinstance(text, str), "checked before"
            give_way()
            explained.append(self._explain(text, result, request))
        return explained, timing

    def _check(self, request: ClassifyRequest) -> None:
        limit = self._options.max_explain_texts
        if len(request.texts) > limit:
            raise InvalidInput(
                f"`explain` takes up to {limit} texts, got {len(request.texts)}: send fewer, or "
                "leave it out",
                param="input",
            )
        if not all(isinstance(text, str) for text in request.texts):
            raise InvalidInput(
                "`explain` tells of places in a text: send texts, or leave it out", param="explain"
            )
        if request.explain == "trajectory" and self._classifier.config.bidirectional:
            raise InvalidInput(
                "this model reads in both directions, so it has no score after each token: use "
                '`explain` "occlusion"',
                param="explain",
            )
        most = self._options.max_occlusion_words
        for index, text in enumerate(request.texts if request.explain == "occlusion" else ()):
            num_words = len(WORD.findall(str(text)))
            if num_words > most:
                raise InvalidInput(
                    f"text {index} of `input` has {num_words} words, `explain` by occlusion takes "
                    f'up to {most}: send a shorter text, or use "trajectory"',
                    param="input",
                )

    def _explain(
        self, text: str, result: Classification, request: ClassifyRequest
    ) -> Classification:
        if request.explain == "gates":
            return replace(result, gates=self._gates(text, result, request))
        if request.explain == "trajectory":
            initial, explanation = self._trajectory(text, request)
            return replace(result, explanation=explanation, initial_probs=initial)
        return replace(result, explanation=self._occlusion(text, result, request))

    def _gates(self, text: str, result: Classification, request: ClassifyRequest) -> Gates:
        """Return the inside of the network while it reads a text."""
        config = self._classifier.reading(request)
        encoding = self._classifier.tokenizer.encode(text)
        token_ids = config.cut(encoding.token_ids)
        spans = config.cut(encoding.offsets)
        tokens = [
            ReadToken(text[start:end], start, end, token_id)
            for token_id, (start, end) in zip(token_ids, spans, strict=True)
        ]
        return self._inside.tell(
            request.gates,
            self._filled_up(tokens, len(text)),
            label=config.labels.index(result.label),
            give_way=giving_way(request.deadline, request.is_caller_gone),
        )

    def _filled_up(self, tokens: list[ReadToken], end: int) -> list[ReadToken]:
        """Return the tokens with the padding that the network reads as well."""
        config = self._classifier.config
        if config.padding is None:
            return tokens
        (piece,) = self._classifier.tokenizer.pieces([config.pad_id])
        place = 0 if config.padding == "pre" else end
        filling = [ReadToken(piece, place, place, config.pad_id)]
        filling *= config.max_seq_len - len(tokens)
        return filling + tokens if config.padding == "pre" else tokens + filling

    @property
    def _nothing(self) -> list[int]:
        """What is read where there is no word: padding, or one token that stands for none."""
        unknown = [self._classifier.tokenizer.unk_id or 0]
        return self._classifier.config.as_read([]) or unknown

    def _trajectory(
        self, text: str, request: ClassifyRequest
    ) -> tuple[tuple[float, ...], tuple[TokenScore, ...]]:
        """Return the probabilities before the first token that the model reads, and after each."""
        config, runtime = self._classifier.reading(request), self._classifier.runtime
        encoding = self._classifier.tokenizer.encode(text)
        if config.padding is not None or not runtime.has_head:
            return self._prefixes(encoding, config, request)
        try:
            [initial] = runtime.probs([self._nothing]).tolist()
            probs = runtime.trajectory(config.cut(encoding.token_ids))
        except Exception as exc:
            logger.exception("the model failed on an explanation")
            raise EngineFailure("the model failed on this request") from exc
        spans = config.cut(encoding.offsets)
        return tuple(initial), tuple(
            TokenScore(start, end, tuple(row))
            for (start, end), row in zip(spans, probs.tolist(), strict=True)
        )

    def _prefixes(
        self, encoding: Encoding, config: ClassifierConfig, request: ClassifyRequest
    ) -> tuple[tuple[float, ...], tuple[TokenScore, ...]]:
        """Return the probabilities of nothing, a text's first token, its first two, and so on."""
        token_ids, spans = config.cut(encoding.token_ids), config.cut(encoding.offsets)
        if len(token_ids) > (most := self._options.max_occlusion_words):
            raise InvalidInput(
                f"a text of `input` has {len(token_ids)} tokens, and this model's `explain` takes "
                f"up to {most}: send a shorter text",
                param="input",
            )
        ends = range(1, len(token_ids) + 1)
        prefixes = [self._classifier.config.as_read(token_ids[:end]) for end in ends]
        reads = [self._nothing, *prefixes]
        job = self._classifier.run(reads, request.deadline, request.is_caller_gone)
        initial, *outputs = job.outputs
        return tuple(initial), tuple(
            TokenScore(start, end, tuple(probs))
            for (start, end), probs in zip(spans, outputs, strict=True)
        )

    def _occlusion(
        self, text: str, result: Classification, request: ClassifyRequest
    ) -> tuple[TokenScore, ...]:
        """Return how much each word adds: probabilities with it minus those without it."""
        words = [match.span() for match in WORD.finditer(text)]
        tokenizer, config = self._classifier.tokenizer, self._classifier.reading(request)
        without = [text[:start] + text[end:] for start, end in words]
        as_read = self._classifier.config.as_read
        sequences = [
            as_read(config.cut(token_ids)) or self._nothing
            for token_ids in tokenizer.encode_ids_batch(without)
        ]
        job = self._classifier.run(sequences, request.deadline, request.is_caller_gone)
        return tuple(
            TokenScore(start, end, tuple(a - b for a, b in zip(result.probs, probs, strict=True)))
            for (start, end), probs in zip(words, job.outputs, strict=True)
        )
