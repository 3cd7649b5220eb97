"""`POST /predict`: text classification as Hugging Face's servers and clients speak it.

`text-embeddings-inference` answers a single text with a flat list. Hugging Face's own client sends
`parameters` beside it, and reads a list in a list; so does this route with whoever sends them.
"""

from typing import Annotated, Any

from pydantic import RootModel

from service.api.body import parse_json
from service.api.errors import TextTooLong
from service.api.limits import checked_texts
from service.api.protocol_requests import Only, ProtocolRequest, check_supported, ignored_fields
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.request_schemas import ModelName, Text, Texts
from service.api.response_schemas import Answer
from service.api.tasks.classification.classify import note
from service.api.whole_numbers import Whole
from service.engine.requests.classify import Classification, ClassifyAnswer, ClassifyRequest
from service.engine.types import ModelInfo


class PredictParameters(ProtocolRequest):
    """What Hugging Face's client sends beside the text."""

    top_k: Annotated[int, Whole(1)] | None = None
    """Tell only the k most probable labels."""

    function_to_apply: Annotated[Any, Only(("softmax",))] = None
    """Not supported: scores are the model's probabilities, which is what `softmax` gives."""


class PredictAsk(ProtocolRequest):
    """Texts to classify."""

    inputs: Text | Texts
    """A text, or a list of texts."""

    parameters: PredictParameters | None = None
    """With it, even an empty one, the answer to a single text is a list in a list."""

    model: ModelName | None = None
    """Classifier, as `name`, `name:version` or `name:label`; the default classifier if left out."""

    truncate: bool | None = None
    """A text that is longer than the model reads is cut, unless this is false: then it fails."""

    raw_scores: Annotated[Any, Only((False,))] = None
    """Not supported: scores are probabilities."""

    truncation_direction: Annotated[Any, Only(("Right",))] = None
    """Not supported: which part of a long text is read is laid down in the model."""


class LabelScore(Answer):
    """A label and its probability."""

    label: str
    """The label."""

    score: float
    """Its probability."""


class PredictBody(RootModel[list[LabelScore] | list[list[LabelScore]]]):
    """Labels, the most probable first: of one text, or of each text of a list."""


def predict(request: Request) -> Reply:
    """Answer with every label's score, best first."""
    ask = parse_json(PredictAsk, request)
    check_supported(ask)
    texts = checked_texts(ask.inputs, request.settings, "inputs")
    top_k = None
    if ask.parameters is not None:
        check_supported(ask.parameters)
        top_k = ask.parameters.top_k
    info = request.engine.resolve(ask.model, "classify")
    answer: ClassifyAnswer = request.engine.answer(
        ClassifyRequest(
            texts,
            ask.model,
            deadline=request.deadline(),
            is_caller_gone=request.is_client_gone,
            version=info.version,
        )
    )
    note(answer, request)
    if ask.truncate is False:
        _check_whole(answer.results, info)
    scores = [scores_of(result, info.classes)[:top_k] for result in answer.results]
    is_flat = isinstance(ask.inputs, str) and ask.parameters is None
    reply = json_reply(scores[0] if is_flat else scores)
    reply.headers += ignored_fields(ask)
    return reply


def _check_whole(results: tuple[Classification, ...], info: ModelInfo) -> None:
    for number, result in enumerate(results):
        if result.truncated:
            raise TextTooLong(
                f"text {number} is longer than the {info.max_seq_len} tokens that {info.name} "
                "reads; shorten it, or leave out `truncate`",
                param="inputs",
            )


def scores_of(result: Classification, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return every label and its score, best first."""
    ranked = sorted(zip(classes, result.probs, strict=True), key=lambda pair: -pair[1])
    return [{"label": label, "score": score} for label, score in ranked]
