"""Classifying: `/v1/classify`, and as vLLM, Hugging Face and OIP have it."""

from service.api.docs.operation import FOREIGN, NATIVE, Operation
from service.api.errors import text_inference_body
from service.api.handler import Route
from service.api.hugging_face import Hub, TextErrorBody
from service.api.task import ApiTask, Example
from service.api.tasks.classification.classify import classify
from service.api.tasks.classification.hub import LabelHubAsk, labels
from service.api.tasks.classification.predict import PredictAsk, PredictBody, predict
from service.api.tasks.classification.responses import ClassifyAnswerBody
from service.api.tasks.classification.schemas import ClassifyAsk
from service.api.tasks.classification.tensors import TENSORS, explain
from service.api.tasks.classification.vllm import VllmClassifyAsk
from service.api.tasks.classification.vllm import classify as classify_vllm
from service.errors import StateMismatch

FILM = "a tender, funny and beautifully acted film"

_classify = {
    "One text": {"input": FILM},
    "Several texts": {"input": [FILM, "dull and far too long"]},
    "What each token does to it": {"input": FILM, "explain": "trajectory"},
}
_classify_inside = {
    "What goes on inside": {"input": FILM, "explain": "gates", "units": "top"},
}
_classify_vllm = _classify | {
    "Token ids": {"input": [[12, 40, 7], [9, 9]], "truncate_prompt_tokens": 2},
}
_more = (StateMismatch,)


ROUTES = (
    Route("/v1/classify", classify, "POST", "Label texts", is_busy=True),
    Route("/classify", classify_vllm, "POST", "Label texts (vLLM)", is_busy=True),
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
    "POST /v1/classify": Operation(
        NATIVE,
        ClassifyAnswerBody,
        ClassifyAsk,
        _classify | _classify_inside,
        "work",
        more_errors=_more,
    ),
    "POST /classify": Operation(
        FOREIGN, ClassifyAnswerBody, VllmClassifyAsk, _classify_vllm, "work", more_errors=_more
    ),
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
    hub=Hub(LabelHubAsk, labels),
    explain=explain,
    place=0,
)
