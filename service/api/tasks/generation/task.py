"""Writing: `/v1/generate`, and as OpenAI, TGI and the Open Inference Protocol have it."""

from dataclasses import replace

from service.api.docs.operation import NATIVE, OIP, OPENAI, Operation
from service.api.errors import BAD_REQUEST
from service.api.handler import Route
from service.api.hugging_face import HubReply
from service.api.open_inference.response_schemas import ErrorTextBody
from service.api.open_inference.routes import of_model
from service.api.task import ApiTask, Example
from service.api.tasks.generation.extension_schemas import StreamAsk, TextAsk, TextBody
from service.api.tasks.generation.generate import generate
from service.api.tasks.generation.generate_extension import generate as generate_oip
from service.api.tasks.generation.generate_extension import generate_stream
from service.api.tasks.generation.openai import schemas as openai
from service.api.tasks.generation.openai.completions import chat, completions
from service.api.tasks.generation.responses import GenerateAnswerBody
from service.api.tasks.generation.schemas import GenerateAsk
from service.api.tasks.generation.tensors import TENSORS
from service.api.tasks.generation.tgi import routes as tgi
from service.api.tasks.generation.tgi.endpoints import compat_generate
from service.api.tasks.generation.tgi.schemas import TgiStreamableAsk
from service.errors import StateMismatch

# A model that does something else has no such route.
EXTENSION_STATUSES = {"queue_full": 429, "engine_failure": 424, "wrong_task": 404}

ROUTES = (
    Route("/v1/generate", generate, "POST", "Continue a prompt", is_busy=True),
    Route(
        "/v1/completions",
        completions,
        "POST",
        "Continue prompts (OpenAI)",
        error_statuses=BAD_REQUEST,
        is_busy=True,
    ),
    Route(
        "/models/<model>/v1/completions",
        completions,
        "POST",
        "Continue prompts with a model (OpenAI)",
        error_statuses=BAD_REQUEST,
    ),
    Route("/v1/chat/completions", chat, "POST", "There is no chat; see /v1/completions"),
    *tgi.ROUTES,
    *of_model("/generate", generate_oip, "Continue a text", "POST", EXTENSION_STATUSES),
    *of_model(
        "/generate_stream",
        generate_stream,
        "Continue a text, piece by piece",
        "POST",
        EXTENSION_STATUSES,
    ),
)

_generate_ask = {
    "A text": {"text_input": "ROMEO:", "parameters": {"max_tokens": 40, "seed": 1}},
    "With each token": {"text_input": "ROMEO:", "parameters": {"max_tokens": 4, "details": True}},
}
_generate = Operation(
    OIP, TextBody, TextAsk, _generate_ask, "work", verb="generate", error=ErrorTextBody
)
_generate_stream = Operation(
    OIP, None, StreamAsk, _generate_ask, "work", events=TextBody,
    verb="generate", error=ErrorTextBody,
)  # fmt: skip

_completions = Operation(
    OPENAI,
    openai.Completion,
    openai.CompletionAsk,
    {
        "A prompt": {"model": "shakespeare", "prompt": "ROMEO:", "max_tokens": 60, "seed": 1},
        "How probable a text is": {
            "model": "shakespeare",
            "prompt": "To be, or not to be",
            "max_tokens": 0,
            "echo": True,
            "logprobs": 1,
        },
        "As a stream": {
            "model": "shakespeare",
            "prompt": "ROMEO:",
            "stream": True,
            "stream_options": {"include_usage": True},
        },
    },
    "work",
    events=openai.Completion,
)

OPERATIONS = {
    "POST /v1/generate": Operation(
        NATIVE,
        GenerateAnswerBody,
        GenerateAsk,
        {
            "A prompt": {"prompt": "ROMEO:", "max_tokens": 60, "seed": 1},
            "As a stream": {"prompt": "ROMEO:", "max_tokens": 60, "stream": True},
            "What goes on inside": {"prompt": "ROMEO:", "max_tokens": 10, "explain": "gates"},
            "To be gone on from": {"prompt": "ROMEO:", "max_tokens": 60, "return_state": True},
        },
        "work",
        events=GenerateAnswerBody,
        more_errors=(StateMismatch,),
    ),
    "POST /v1/completions": _completions,
    "POST /models/<model>/v1/completions": replace(_completions, verb="generate"),
    "POST /v1/chat/completions": Operation(OPENAI, is_body_optional=True, never="route_not_found"),
    **tgi.OPERATIONS,
    **{
        f"POST /v2/models/<model>{version}{rest}": operation
        for version in ("", "/versions/<version>")
        for rest, operation in (("/generate", _generate), ("/generate_stream", _generate_stream))
    },
}
TASK = ApiTask(
    "generate",
    ROUTES,
    OPERATIONS,
    TENSORS,
    {"text-generation": Example("/v1/generate", '{"prompt": "To be", "max_tokens": 100}')},
    hub_reply=HubReply(TgiStreamableAsk, compat_generate),
    place=10,
)
