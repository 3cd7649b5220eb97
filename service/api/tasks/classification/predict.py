"""`POST /predict`: text classification as Hugging Face's servers and clients speak it.

`text-embeddings-inference` answers a single text with a flat list. Hugging Face's own client sends
`parameters` beside it, and reads a list in a list; so does this route with whoever sends them.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from service.api.body import parse_json
from service.api.errors import TextTooLong
from service.api.limits import checked_texts
from service.api.protocol_requests import (
    Only,
    ProtocolRequest,
    check_supported,
    ignored_fields,
    refuse,
)
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.request_schemas import ModelName, Text, Texts, documented
from service.api.response_schemas import Answer
from service.api.tasks.classification.classify import note
from service.api.tasks.classification.hub import LabelParameters, scores_of
from service.engine.requests.classify import Classification, ClassifyAnswer, ClassifyRequest
from service.engine.types import ModelInfo

Batch = Annotated[
    list[Annotated[list[Text], Field(min_length=1, max_length=2), documented(maxItems=1)]],
    Field(fail_fast=True),
    documented(minItems=1, limits={"maxItems": "max_texts"}),
]
SIDES: dict[str | None, Literal["head", "tail"]] = {"right": "head", "left": "tail"}
"""Which tokens are kept, by the side that is cut off."""


class PredictAsk(ProtocolRequest):
    """Texts to classify."""

    inputs: Text | Texts | Batch
    """A text, a list of texts, or a batch of lists of one text."""

    parameters: LabelParameters | None = None
    """With it, even an empty one, the answer to a single text is a list in a list."""

    model: ModelName | None = None
    """Classifier, as `name`, `name:version` or `name:label`; the default classifier if left out."""

    truncate: bool | None = None
    """A text that is longer than the model reads is cut, unless this is false: then it fails."""

    raw_scores: Annotated[Any, Only((False,))] = None
    """Not supported: scores are probabilities."""

    truncation_direction: Literal["right", "left", "Right", "Left"] | None = None
    """Which side of a text that is too long is cut off; what the model does if left out."""

    options: dict[str, Any] | None = None
    """Accepted, and used for nothing."""


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
    texts = checked_texts(_unpacked(ask.inputs), request.settings, "inputs")
    parameters = ask.parameters or LabelParameters()
    info = request.engine.resolve(ask.model, "classify")
    answer: ClassifyAnswer = request.engine.answer(
        ClassifyRequest(
            texts,
            ask.model,
            deadline=request.deadline(),
            is_caller_gone=request.is_client_gone,
            version=info.version,
            max_text_tokens=parameters.max_length,
            truncation=SIDES.get((ask.truncation_direction or "").lower()),
        )
    )
    note(answer, request)
    if ask.truncate is False:
        _check_whole(answer.results, info)
    top_k = parameters.top_k
    scores = [scores_of(result, info.classes)[:top_k] for result in answer.results]
    is_flat = isinstance(ask.inputs, str) and ask.parameters is None
    reply = json_reply(scores[0] if is_flat else scores)
    reply.headers += ignored_fields(ask)
    return reply


def _unpacked(inputs: str | list[str] | list[list[str]]) -> str | list[str]:
    """Return the texts of a batch, in which each stands in a list of its own.

    Raises:
        SchemaError: One is a pair of texts.
    """
    if isinstance(inputs, str):
        return inputs
    for place, one in enumerate(inputs):
        if isinstance(one, list) and len(one) > 1:
            refuse(f"inputs[{place}]", "a pair cannot be labelled; send each text by itself")
    return [one if isinstance(one, str) else one[0] for one in inputs]


def _check_whole(results: tuple[Classification, ...], info: ModelInfo) -> None:
    for number, result in enumerate(results):
        if result.truncated:
            raise TextTooLong(
                f"text {number} is longer than the {info.max_seq_len} tokens that {info.name} "
                "reads; shorten it, or leave out `truncate`",
                param="inputs",
            )
