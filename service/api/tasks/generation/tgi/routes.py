"""Where text-generation-inference has its routes, and what is said of them."""

from service.api.docs.operation import FOREIGN, Operation
from service.api.errors import generation_inference_body
from service.api.handler import Route
from service.api.tasks.generation.tgi import schemas
from service.api.tasks.generation.tgi.endpoints import (
    compat_generate,
    generate,
    generate_stream,
    info,
)

STATUSES = {"queue_full": 429, "engine_failure": 424, "wrong_task": 404}

_ask = {
    "A text": {"inputs": "ROMEO:", "parameters": {"max_new_tokens": 40}},
    "Drawn, with details": {
        "inputs": "ROMEO:",
        "parameters": {"max_new_tokens": 8, "do_sample": True, "seed": 1, "details": True},
    },
}
_streamable = _ask | {"As a stream": {"inputs": "ROMEO:", "stream": True}}

ROUTES = (
    Route(
        "/generate", generate, "POST", "Continue a text (TGI)", generation_inference_body, STATUSES
    ),
    Route(
        "/generate_stream",
        generate_stream,
        "POST",
        "Continue a text, token by token (TGI)",
        generation_inference_body,
        STATUSES,
    ),
    Route(
        "/",
        compat_generate,
        "POST",
        "Continue a text, whole or streamed (TGI)",
        generation_inference_body,
        STATUSES,
    ),
    Route("/info", info, "GET", "What is served (TGI)", generation_inference_body),
)
OPERATIONS = {
    "POST /generate": Operation(
        FOREIGN, schemas.TgiBody, schemas.TgiAsk, _ask, "work", error=schemas.TgiErrorBody
    ),
    "POST /generate_stream": Operation(
        FOREIGN, None, schemas.TgiAsk, _ask, "work", events=schemas.TgiEventBody,
        error=schemas.TgiErrorBody,
    ),
    "POST /": Operation(
        FOREIGN, schemas.TgiBody, schemas.TgiStreamableAsk, _streamable, "work", is_list=True,
        events=schemas.TgiEventBody, error=schemas.TgiErrorBody,
    ),
    "GET /info": Operation(
        FOREIGN, schemas.TgiInfoBody, reach="find", error=schemas.TgiErrorBody
    ),
}  # fmt: skip
