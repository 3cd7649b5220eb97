"""One version of a classifier of numbers, ready to answer."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from service.engine.arrays import Floats
from service.engine.batch_worker import BatchWorker, timing_of
from service.engine.comparing import compare_labels
from service.engine.numbers import to_array
from service.engine.options import EngineOptions
from service.engine.requests.classify import Classification, ClassifyAnswer, ClassifyRequest
from service.engine.tasks.number_classification.runtime import NumberRuntime
from service.engine.types import ModelInfo
from service.engine.worker import Difference, Offer, Worker
from service.errors import InvalidInput, ServiceError

MAX_COMPARED = 32  # inputs of one request that a shadow is asked as well
COPY_PATIENCE_S = 60.0  # for its answer


class NumberClassifier(BatchWorker[Floats]):
    """Classifies arrays (rows, num_features); see `service.engine.worker.Worker`.

    Args:
        info: What the model takes, and what it is called.
        runtime: The model.
        options: Limits.
    """

    def __init__(self, info: ModelInfo, runtime: NumberRuntime, options: EngineOptions) -> None:
        """Start with nothing waiting."""
        super().__init__(options)
        self._info = info
        self._runtime = runtime

    def answer(self, request: ClassifyRequest) -> ClassifyAnswer:
        """Classify inputs.

        Raises:
            InvalidInput: If the request has none, or one that the model cannot take.
            ServiceError: As in `BatchWorker.run`.
        """
        self._check(request)
        self.check_room(len(request.numbers))
        info = self._info
        inputs = [
            to_array(one, info.input_shape, max_rows=info.max_seq_len, param=f"input[{place}]")
            for place, one in enumerate(request.numbers)
        ]
        job = self.run(inputs, request.deadline, request.is_caller_gone)
        results = tuple(
            self._named(len(one), probs) for one, probs in zip(inputs, job.outputs, strict=True)
        )
        return ClassifyAnswer(info.name, info.version, results, timing_of(job))

    def outputs(self, inputs: Sequence[Floats]) -> list[list[float] | None]:
        """Return the probabilities of each input."""
        rows = self._runtime.probs(inputs).tolist()
        return [row if math.isfinite(sum(row)) else None for row in rows]

    def probe(self, deadline: float) -> None:
        """Classify a row of zeros; errors as in `run`."""
        self.run([np.zeros((1, self._info.input_shape[-1]), np.float32)], deadline)

    def compare(
        self, request: ClassifyRequest, answer: ClassifyAnswer, shadow: Worker, offer: Offer
    ) -> None:
        """Offer to classify the same with `shadow`; see `worker.Worker`."""
        few = replace(request, numbers=request.numbers[:MAX_COMPARED])
        offer(partial(compare_numbers, shadow, few, answer.results[:MAX_COMPARED]))

    def _check(self, request: ClassifyRequest) -> None:
        shape = list(self._info.input_shape)
        if request.texts or not request.numbers:
            raise InvalidInput(
                f"`input` must hold numbers, a list of arrays of shape {shape} (-1 is any number "
                f"of rows): {self._info.name} reads no texts",
                param="input",
            )
        if request.is_in_parts:
            param = "return_state" if request.returns_state else "state"
            raise InvalidInput(
                f"`{param}` is for models that read texts: leave it out", param=param
            )
        if request.explain is not None:
            raise InvalidInput(
                "`explain` is for models that read texts: leave it out", param="explain"
            )

    def _named(self, num_rows: int, probs: list[float]) -> Classification:
        score = max(probs)
        label = self._info.classes[probs.index(score)]
        return Classification(label, score, tuple(probs), num_rows, truncated=False)


def compare_numbers(
    shadow: Worker, request: ClassifyRequest, results: Sequence[Classification]
) -> Difference:
    """Classify with `shadow`; the distance is the change of the label's own score.

    Raises:
        ServiceError: If `shadow` fails, or does another task.
    """
    if not isinstance(shadow, NumberClassifier):
        raise ServiceError("it does another task than the default version")
    late = replace(request, deadline=time.monotonic() + COPY_PATIENCE_S)
    return compare_labels(results, shadow.answer(late).results, shadow._info.classes)
