"""Tagging: `/v1/tag`, and as Hugging Face's client and the Open Inference Protocol have it."""

from service.api.docs.operation import NATIVE, Operation
from service.api.handler import Route
from service.api.hugging_face import Hub
from service.api.task import ApiTask, Example
from service.api.tasks.tagging.hub import TagHubAsk, tags
from service.api.tasks.tagging.schemas import TagAnswerBody, TagAsk
from service.api.tasks.tagging.tag import tag
from service.api.tasks.tagging.tensors import TENSORS

SENTENCE = "She reads Dr. Watson's letters in Paris."

ROUTES = (Route("/v1/tag", tag, "POST", "Label the words of texts", is_busy=True),)
OPERATIONS = {
    "POST /v1/tag": Operation(
        NATIVE,
        TagAnswerBody,
        TagAsk,
        {"A text": {"input": SENTENCE}, "Several texts": {"input": [SENTENCE, "Stop!"]}},
        "work",
        verb="tag",
    ),
}
TASK = ApiTask(
    "tag",
    ROUTES,
    OPERATIONS,
    TENSORS,
    {"token-classification": Example("/v1/tag", f'{{"input": "{SENTENCE}"}}')},
    hub=Hub(TagHubAsk, tags),
    place=20,
)
