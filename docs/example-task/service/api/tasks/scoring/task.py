"""`POST /v1/score`: a text in, a number out."""

from service.engine.tasks.text_scoring.task import ScoreRequest

from service.api.body import parse_json
from service.api.docs.operation import NATIVE, Operation
from service.api.handler import Route
from service.api.limits import check_text
from service.api.open_inference.tensors import Tensor
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.request_schemas import Ask, ModelName, Text
from service.api.response_schemas import Answer
from service.api.task import ApiTask, Outputs, TensorCall, Tensors


class ScoreAsk(Ask):
    """A text to score."""

    model: ModelName | None = None
    """Scorer; may be left out where there is one only."""

    input: Text
    """A text."""


class ScoreBody(Answer):
    """A text's score."""

    model: str
    """Name of the model that answered."""

    version: int
    """Its version."""

    score: float
    """The score."""


def score(request: Request) -> Reply:
    """Answer with the score of a text."""
    ask = parse_json(ScoreAsk, request)
    check_text(ask.input, request.settings, "input")
    answer = request.engine.answer(ScoreRequest(ask.input, ask.model, request.deadline()))
    return json_reply(answer)


def infer(call: TensorCall) -> Outputs:
    """Score the texts of a tensor."""
    asks = [ScoreRequest(text, call.model, call.deadline) for text in call.tensors["text"].values]
    scores = [call.request.engine.answer(ask)["score"] for ask in asks]
    return {"score": Tensor("score", "FP32", (len(scores),), scores)}


TASK = ApiTask(
    "score",
    (Route("/v1/score", score, "POST", "Score texts", is_busy=True),),
    {
        "POST /v1/score": Operation(
            NATIVE, ScoreBody, ScoreAsk, {"A text": {"input": "a good film"}}, "work", verb="score"
        )
    },
    Tensors(
        lambda info: (("text", "BYTES", (-1,)),), lambda info: (("score", "FP32", (-1,)),), infer
    ),
)
