"""Translating: `/v1/translate`, and as Hugging Face's client and OIP have it."""

from service.api.docs.operation import NATIVE, Operation
from service.api.handler import Route
from service.api.hugging_face import Hub
from service.api.task import ApiTask, Example
from service.api.tasks.translation.hub import TranslationHubAsk, translations
from service.api.tasks.translation.schemas import TranslateAnswerBody, TranslateAsk
from service.api.tasks.translation.tensors import TENSORS
from service.api.tasks.translation.translate import translate

SENTENCE = "Where is the station?"


ROUTES = (Route("/v1/translate", translate, "POST", "Translate texts", is_busy=True),)
OPERATIONS = {
    "POST /v1/translate": Operation(
        NATIVE,
        TranslateAnswerBody,
        TranslateAsk,
        {
            "A text": {"input": SENTENCE},
            "The best of several": {"input": [SENTENCE], "num_beams": 4},
            "What was attended to": {"input": SENTENCE, "attention": True},
            "As a stream": {"input": SENTENCE, "stream": True},
        },
        "work",
        events=TranslateAnswerBody,
        verb="translate",
    ),
}
TASK = ApiTask(
    "translate",
    ROUTES,
    OPERATIONS,
    TENSORS,
    {"translation": Example("/v1/translate", f'{{"input": "{SENTENCE}"}}')},
    hub=Hub(TranslationHubAsk, translations),
    place=30,
)
