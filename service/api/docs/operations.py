"""What the documentation says of the routes that no verb has for itself, and of all together.

A test holds this table against the list of routes, and sends every example to the real server.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

from pydantic import RootModel, create_model

from service.api import response_schemas as answers
from service.api.card_schemas import CardBody
from service.api.docs.operation import FOREIGN, HEALTH, NATIVE, OIP, Operation
from service.api.health import StatusBody
from service.api.hugging_face import HubBody, TextErrorBody
from service.api.models import ModelPageBody
from service.api.open_inference import request_schemas as oip_schemas
from service.api.open_inference import response_schemas as oip
from service.api.open_inference import statistics
from service.api.open_inference.response_schemas import ErrorTextBody
from service.api.task import api_tasks
from service.api.tensorflow_serving import routes as tensorflow_serving
from service.api.tokens import TOKEN_OPERATIONS
from service.errors import PictureNotFound

FILM = "a tender, funny and beautifully acted film"
TENSOR = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [FILM]}


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
    reach="work",
    other_types=("application/octet-stream",),
)
_refused = Operation(OIP, is_body_optional=True, never="not_over_http")

_OF_MODEL = {
    "GET {}": Operation(OIP, oip.MetadataBody, reach="find"),
    "GET {}/ready": Operation(OIP, oip.ModelReadyBody, reach="find"),
    "GET {}/config": Operation(OIP, oip.ConfigBody, reach="find"),
    "GET {}/stats": Operation(OIP, statistics.StatisticsBody, reach="find"),
    "POST {}/infer": _infer_ask,
}

SHARED_OPERATIONS: Mapping[str, Operation] = {
    "GET /v1/models": Operation(NATIVE, answers.ModelListBody),
    "GET /v1/models/<model>/card": Operation(NATIVE, CardBody, reach="find"),
    "GET /v1/models/<model>/pictures/<picture>": Operation(
        NATIVE, reach="find", other_types=("image/png",), more_errors=(PictureNotFound,)
    ),
    "GET /v1/models/<model>": Operation(NATIVE, ModelPageBody, reach="find"),
    **TOKEN_OPERATIONS,
    **tensorflow_serving.OPERATIONS,
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
    "GET /": Operation(NATIVE, other_types=("text/html", "text/plain")),
    "GET /healthz": Operation(HEALTH, StatusBody),
    "GET /health": Operation(HEALTH, StatusBody),
    "GET /readyz": Operation(HEALTH, StatusBody),
}  # fmt: skip


def operations() -> Mapping[str, Operation]:
    """Return what is said of each route, by method and rule.

    Routes that are not among them are pages, or described by their summary alone.
    """
    shared = {
        key: replace(operation, error=ErrorTextBody) if " /v2" in key else operation
        for key, operation in SHARED_OPERATIONS.items()
    }
    own = (task.operations for task in api_tasks().values())
    return {key: value for part in (shared, _hub(), *own) for key, value in part.items()}


def _hub() -> Mapping[str, Operation]:
    """Return what is said of the route that takes what the model's verb does."""
    hubs = [hub for task in api_tasks().values() for hub in (task.hub, task.hub_reply)]
    asks = [hub.ask for hub in hubs if hub is not None]
    ask = create_model(
        "HubAsk",
        __base__=RootModel[Any],
        __doc__="What is sent to a model, by what it does: it labels, tags, translates or writes.",
        root=(reduce(or_, asks), ...),
    )
    examples = {"A text": {"inputs": FILM}}
    operation = Operation(FOREIGN, HubBody, ask, examples, "work", error=TextErrorBody)
    return {"POST /models/<model>": operation}
