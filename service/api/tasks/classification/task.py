"""Classifying: `/v1/classify`, and as vLLM, Hugging Face and OIP have it."""

from typing import Any

from service.api.docs.operation import FOREIGN, NATIVE, Operation
from service.api.errors import text_inference_body
from service.api.handler import Route
from service.api.hugging_face import HubCall, TextErrorBody, number_of
from service.api.task import ApiTask, Example
from service.api.tasks.classification.classify import classify, note
from service.api.tasks.classification.predict import PredictAsk, PredictBody, predict, scores_of
from service.api.tasks.classification.responses import ClassifyAnswerBody
from service.api.tasks.classification.schemas import ClassifyAsk
from service.api.tasks.classification.tensors import TENSORS, explain
from service.engine.requests.classify import ClassifyAnswer, ClassifyRequest

FILM = "a tender, funny and beautifully acted film"

_classify = {
    "One text": {"input": FILM},
    "Several texts": {"input": [FILM, "dull and far too long"]},
    "What each token does to it": {"input": FILM, "explain": "trajectory"},
}


def hub(call: HubCall) -> list[Any]:
    """Answer Hugging Face's client: labels and scores, best first; a list of them for a text."""
    top_k = number_of(call.parameters, "top_k")
    request = call.request
    answer: ClassifyAnswer = request.engine.answer(
        ClassifyRequest(
            call.texts,
            call.model,
            deadline=request.deadline(),
            is_caller_gone=request.is_client_gone,
            version=call.info.version,
        )
    )
    note(answer, request)
    return [scores_of(result, call.info.classes)[:top_k] for result in answer.results]


ROUTES = (
    Route("/v1/classify", classify, "POST", "Label texts", is_busy=True),
    Route("/classify", classify, "POST", "Label texts (vLLM)", is_busy=True),
    Route(
        "/predict",
        predict,
        "POST",
        "Label texts (Hugging Face)",
        error_body=text_inference_body,
        is_busy=True,
    ),
)
OPERATIONS = {
    "POST /v1/classify": Operation(NATIVE, ClassifyAnswerBody, ClassifyAsk, _classify, "work"),
    "POST /classify": Operation(FOREIGN, ClassifyAnswerBody, ClassifyAsk, _classify, "work"),
    "POST /predict": Operation(
        FOREIGN,
        PredictBody,
        PredictAsk,
        {
            "A text": {"inputs": FILM},
            "As Hugging Face's client": {"inputs": FILM, "parameters": {"top_k": 1}},
        },
        "work",
        error=TextErrorBody,
    ),
}
TASK = ApiTask(
    "classify",
    ROUTES,
    OPERATIONS,
    TENSORS,
    {"text-classification": Example("/v1/classify", f'{{"input": "{FILM}"}}')},
    hub=hub,
    explain=explain,
    place=0,
)
