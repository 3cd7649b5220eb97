"""Classifying: `/v1/classify`, and as vLLM, Hugging Face and OIP have it."""

from service.api.docs.operation import FOREIGN, NATIVE, Operation
from service.api.errors import text_inference_body
from service.api.handler import Route
from service.api.task import ApiTask, Example
from service.api.tasks.classification.classify import classify
from service.api.tasks.classification.predict import (
    PredictAsk,
    PredictBody,
    TextErrorBody,
    predict,
)
from service.api.tasks.classification.responses import ClassifyAnswerBody
from service.api.tasks.classification.schemas import ClassifyAsk
from service.api.tasks.classification.tensors import TENSORS

FILM = "a tender, funny and beautifully acted film"

_classify = {
    "One text": {"input": FILM},
    "Several texts": {"input": [FILM, "dull and far too long"]},
    "What each token does to it": {"input": FILM, "explain": "trajectory"},
}

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
    place=0,
)
