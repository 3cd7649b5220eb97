"""One version of a text classifier as the engine sees it: asked, proved, compared."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from model_store import ClassifierConfig, Tokenizer
from service.engine.comparing import compare_labels
from service.engine.options import EngineOptions
from service.engine.requests.classify import Classification, ClassifyAnswer, ClassifyRequest
from service.engine.tasks.text_classification.carrying import TextStates
from service.engine.tasks.text_classification.classifier import Classifier
from service.engine.tasks.text_classification.continuing import Continuer
from service.engine.tasks.text_classification.explain import Explainer
from service.engine.tasks.text_classification.inside import ClassifierInside
from service.engine.tasks.text_classification.runtime import ClassifierGraph
from service.engine.types import VersionId
from service.engine.worker import Difference, Offer, Worker
from service.errors import InvalidInput, ServiceError

MAX_COMPARED = 32  # texts of one request that a shadow is asked as well
COPY_PATIENCE_S = 60.0  # for its answer


class TextClassifier(Classifier):
    """A classifier that answers requests; see `service.engine.worker.Worker`.

    Args:
        version: What it is called in answers.
        runtime: The model.
        config: Its configuration.
        tokenizer: Its tokenizer.
        options: Limits.
        inside: Tells the inside of its network.
        states: Opens and seals states; None if this version has none.
        why_not: Why it has none.
    """

    def __init__(
        self,
        version: VersionId,
        runtime: ClassifierGraph,
        config: ClassifierConfig,
        *,
        tokenizer: Tokenizer,
        options: EngineOptions,
        inside: ClassifierInside,
        states: TextStates | None = None,
        why_not: str = "",
    ) -> None:
        """Start with nothing waiting."""
        resume = None if states is None else states.runtime
        super().__init__(runtime, config, tokenizer=tokenizer, options=options, resume=resume)
        self._continuer = Continuer(self, states, why_not)
        self._version = version
        self._explainer = Explainer(self, options, inside)

    def answer(self, request: ClassifyRequest) -> ClassifyAnswer:
        """Classify texts, explained if that was asked for; errors as in `classify`."""
        if request.numbers:
            raise InvalidInput(
                f"`input` holds numbers, but {self._version.model} reads texts: send a text or a "
                "list of texts",
                param="input",
            )
        if not request.texts:
            raise InvalidInput("`input` has no text: send at least one", param="input")
        if request.is_in_parts:
            results, timing = self._continuer.classify(request)
        elif request.explain is None:
            results, timing = self.classify(request)
        else:
            results, timing = self._explainer.classify(request)
        return ClassifyAnswer(*self._version, tuple(results), timing)

    def probe(self, deadline: float) -> None:
        """Read one token; errors as in `run`."""
        self.run([[0]], deadline)

    def compare(
        self, request: ClassifyRequest, answer: ClassifyAnswer, shadow: Worker, offer: Offer
    ) -> None:
        """Offer to classify the same with `shadow`; see `worker.Worker`.

        What goes on from a state is not copied: no other version can.
        """
        if request.states:
            return
        few = replace(request, texts=request.texts[:MAX_COMPARED], explain=None)
        few = replace(few, returns_state=False)
        offer(partial(compare_texts, shadow, few, answer.results[:MAX_COMPARED]))


def compare_texts(
    shadow: Worker, request: ClassifyRequest, results: Sequence[Classification]
) -> Difference:
    """Classify with `shadow`; the distance is the change of the label's own score.

    Raises:
        ServiceError: If `shadow` fails, or does another task.
    """
    if not isinstance(shadow, Classifier):
        raise ServiceError("it does another task than the default version")
    late = replace(request, deadline=time.monotonic() + COPY_PATIENCE_S)
    answers, _ = shadow.classify(late)
    return compare_labels(results, answers, shadow.config.labels)
