"""A text in, a number out: from a stored version to something that answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from model_store import StoredVersion, TextCase, Tokenizer
from service.engine.batch_worker import BatchWorker
from service.engine.options import EngineOptions
from service.engine.proving import golden_cases, prove
from service.engine.runtime import WEIGHTS, open_session, pad
from service.engine.task import EngineTask
from service.engine.types import ModelInfo
from service.engine.worker import Difference, Offer


@dataclass(frozen=True)
class ScoreRequest:
    """A text to score."""

    verb: ClassVar[str] = "score"

    text: str
    model: str | None = None
    deadline: float | None = None
    version: int | None = None


class ScoreWorker(BatchWorker[list[int]]):
    """Scores texts in batches."""

    def __init__(
        self,
        info: ModelInfo,
        config: Any,
        session: Any,
        tokenizer: Tokenizer,
        options: EngineOptions,
    ) -> None:
        """Start with nothing waiting."""
        super().__init__(options)
        self._info, self._config, self._session = info, config, session
        self._tokenizer = tokenizer

    def outputs(self, inputs: Sequence[list[int]]) -> list[float]:
        """Return a score for each sequence of token ids."""
        token_ids, lengths = pad(inputs)
        feed = {"token_ids": token_ids, "lengths": lengths}
        return self._session.run(["score"], feed)[0][:, 0].tolist()

    def answer(self, request: ScoreRequest) -> dict[str, Any]:
        """Score a text; raises a `ServiceError`."""
        ids = self._config.input_ids(request.text, self._tokenizer)
        [score] = self.run([ids], request.deadline).outputs
        return {"model": self._info.name, "version": self._info.version, "score": score}

    def probe(self, deadline: float) -> None:
        """Read one token."""
        self.run([[0]], deadline)

    def compare(self, request: ScoreRequest, answer: Any, shadow: Any, offer: Offer) -> None:
        """Offer to compare with what a shadow says."""

        def difference() -> Difference:
            other = shadow.answer(request)["score"]
            same = int(other == answer["score"])
            return Difference(same, 1 - same, abs(other - answer["score"]))

        offer(partial(difference))


def load(stored: StoredVersion, options: EngineOptions) -> tuple[ModelInfo, ScoreWorker]:
    """Open a version and prove it against its golden answers."""
    config: Any = stored.config
    session = open_session(stored.read("model.onnx"), stored.read(WEIGHTS))
    info = ModelInfo(stored.name, stored.version, config.task, "score", stored.manifest.created)
    worker = ScoreWorker(info, config, session, stored.tokenizer(), options)
    prove(golden_cases(stored, TextCase), lambda case: worker.outputs([case.token_ids]))
    return info, worker


TASKS = (EngineTask("text-scoring", "score", "scores texts", load),)
