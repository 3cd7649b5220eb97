"""What the documentation says of each route beyond its path: models, examples, errors.

A test holds this table against the list of routes, and sends every example to the real server.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from service.api import request_schemas as schemas
from service.api import response_schemas as answers
from service.api.health import StatusBody
from service.api.open_inference import request_schemas as oip_schemas
from service.api.open_inference import response_schemas as oip
from service.api.open_inference import statistics
from service.api.openai import schemas as openai
from service.api.predict import PredictAsk, PredictBody

Task = Literal["text-classification", "text-generation"]
Reach = Literal["none", "find", "classify", "generate"]
"""What a route asks of the engine: nothing, whether a model is there, or work."""

FILM = "a tender, funny and beautifully acted film"
TENSOR = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [FILM]}


@dataclass(frozen=True)
class Operation:
    """A route in the documentation.

    Args:
        tag: Heading that it stands under.
        answer: What it answers, in JSON.
        ask: What it takes, if it reads a body.
        examples: Bodies by what they show; each of them works.
        reach: What it asks of the engine.
        is_list: Whether it answers with a list of `answer`.
        is_body_optional: Whether an empty body will do.
        events: What each event of a stream holds, if it answers with one.
        other_types: Media types of answers that are neither.
        task: Of the model in the path.
        never: The one error that it always answers with, by code.
    """

    tag: str
    answer: type[BaseModel] | None = None
    ask: type[BaseModel] | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    reach: Reach = "none"
    is_list: bool = False
    is_body_optional: bool = False
    events: type[BaseModel] | None = None
    other_types: tuple[str, ...] = ()
    task: Task = "text-classification"
    never: str | None = None


NATIVE, OPENAI, OIP, FOREIGN, HEALTH = (
    "Native", "OpenAI", "Open Inference Protocol", "Hugging Face and vLLM", "Health",
)  # fmt: skip
TAGS = {
    NATIVE: "The service's own routes.",
    OPENAI: "For OpenAI's clients: `base_url` is this server's address and `/v1`.",
    OIP: "For KServe's and Triton's clients.",
    FOREIGN: "Text classification for clients of text-embeddings-inference and vLLM.",
    HEALTH: "For load balancers and orchestrators; these need no key.",
}

_classify = {
    "One text": {"input": FILM},
    "Several texts": {"input": [FILM, "dull and far too long"]},
    "What each token does to it": {"input": FILM, "explain": "trajectory"},
}
_infer_ask = Operation(
    OIP,
    oip.InferBody,
    oip_schemas.InferAsk,
    {
        "A text": {"inputs": [TENSOR]},
        "The best classes": {
            "inputs": [TENSOR],
            "outputs": [{"name": "probabilities", "parameters": {"classification": 2}}],
        },
    },
    reach="classify",
    other_types=("application/octet-stream",),
)
_generate_ask = {
    "A text": {"text_input": "ROMEO:", "parameters": {"max_tokens": 40, "seed": 1}},
    "With each token": {"text_input": "ROMEO:", "parameters": {"max_tokens": 4, "details": True}},
}
_generate = Operation(
    OIP, oip.TextBody, oip_schemas.TextAsk, _generate_ask, "generate", task="text-generation"
)
_generate_stream = Operation(
    OIP, None, oip_schemas.TextAsk, _generate_ask, "generate", events=oip.TextBody,
    task="text-generation",
)  # fmt: skip
_refused = Operation(OIP, is_body_optional=True, never="not_over_http")

_OF_MODEL = {
    "GET {}": Operation(OIP, oip.MetadataBody, reach="find"),
    "GET {}/ready": Operation(OIP, oip.ModelReadyBody, reach="find"),
    "GET {}/config": Operation(OIP, oip.ConfigBody, reach="find"),
    "GET {}/stats": Operation(OIP, statistics.StatisticsBody, reach="find"),
    "POST {}/infer": _infer_ask,
    "POST {}/generate": _generate,
    "POST {}/generate_stream": _generate_stream,
}

OPERATIONS: Mapping[str, Operation] = {
    "POST /v1/classify": Operation(
        NATIVE, answers.ClassifyAnswerBody, schemas.ClassifyAsk, _classify, "classify"
    ),
    "POST /v1/generate": Operation(
        NATIVE,
        answers.GenerateAnswerBody,
        schemas.GenerateAsk,
        {
            "A prompt": {"prompt": "ROMEO:", "max_tokens": 60, "seed": 1},
            "As a stream": {"prompt": "ROMEO:", "max_tokens": 60, "stream": True},
        },
        "generate",
        events=answers.GenerateAnswerBody,
    ),
    "GET /v1/models": Operation(NATIVE, answers.ModelListBody),
    "GET /v1/models/<model>": Operation(NATIVE, answers.ModelBody, reach="find"),
    "POST /v1/completions": Operation(
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
        "generate",
        events=openai.Completion,
    ),
    "POST /v1/chat/completions": Operation(OPENAI, is_body_optional=True, never="route_not_found"),
    "POST /classify": Operation(
        FOREIGN, answers.ClassifyAnswerBody, schemas.ClassifyAsk, _classify, "classify"
    ),
    "POST /predict": Operation(
        FOREIGN,
        PredictBody,
        PredictAsk,
        {
            "A text": {"inputs": FILM},
            "As Hugging Face's client": {"inputs": FILM, "parameters": {"top_k": 1}},
        },
        "classify",
    ),
    "GET /v2": Operation(OIP, oip.ServerBody),
    "GET /v2/health/live": Operation(HEALTH, oip.LiveBody),
    "GET /v2/health/ready": Operation(HEALTH, oip.ReadyBody),
    "GET /v2/models": Operation(OIP, oip.NamesBody),
    "GET /v2/models/stats": Operation(OIP, statistics.StatisticsBody),
    "POST /v2/repository/index": Operation(
        OIP, oip.IndexItem, oip_schemas.IndexAsk, {"Those that answer": {"ready": True}},
        is_list=True, is_body_optional=True,
    ),
    "POST /v2/repository/models/<model>/load": _refused,
    "POST /v2/repository/models/<model>/unload": _refused,
    **{
        key.format(path): operation
        for path in ("/v2/models/<model>", "/v2/models/<model>/versions/<version>")
        for key, operation in _OF_MODEL.items()
    },
    "GET /healthz": Operation(HEALTH, StatusBody),
    "GET /readyz": Operation(HEALTH, StatusBody),
}  # fmt: skip
"""By method and rule; routes that are not here are pages, or described by their summary alone."""
