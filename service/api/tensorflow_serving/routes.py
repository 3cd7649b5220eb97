"""Where KServe's protocol v1 and TensorFlow Serving have their routes, and what is said of them."""

from collections.abc import Mapping

from service.api.docs.operation import KSERVE, Operation
from service.api.errors import BAD_REQUEST, inference_protocol_body
from service.api.handler import Endpoint, Route
from service.api.models import ModelPageBody, show_model
from service.api.open_inference.response_schemas import ErrorTextBody
from service.api.tensorflow_serving import schemas
from service.api.tensorflow_serving.endpoints import classify, explain, metadata, predict

PATHS = ("", "/versions/<version>", "/labels/<version>")
TEXT = "a tender, funny and beautifully acted film"


def _route(path: str, rest: str, endpoint: Endpoint, summary: str, method: str = "POST") -> Route:
    rule = f"/v1/models/<model>{path}{rest}"
    return Route(rule, endpoint, method, summary, inference_protocol_body, BAD_REQUEST)


ROUTES = (
    *(
        route
        for path in PATHS
        for route in (
            _route(path, ":predict", predict, "Ask a model, by rows or columns"),
            _route(path, ":classify", classify, "Probabilities of labels"),
            _route(path, ":explain", explain, "Ask a model, with reasons"),
            _route(path, "/metadata", metadata, "What a model takes and gives", "GET"),
        )
    ),
    *(_route(path, "", show_model, "Show one version", "GET") for path in PATHS[1:]),
)

_OF_MODEL: Mapping[str, Operation] = {
    "POST {}:predict": Operation(
        KSERVE,
        schemas.PredictionsBody,
        schemas.PredictAsk,
        {"By rows": {"instances": [TEXT]}, "By columns": {"inputs": {"text": [TEXT]}}},
        "work",
        error=ErrorTextBody,
    ),
    "POST {}:classify": Operation(
        KSERVE,
        schemas.ClassifyResultBody,
        schemas.ClassifyExamplesAsk,
        {"An example": {"examples": [{"text": TEXT}]}},
        "work",
        error=ErrorTextBody,
    ),
    "POST {}:explain": Operation(
        KSERVE,
        schemas.ExplanationsBody,
        schemas.PredictAsk,
        {"A text": {"instances": [TEXT]}},
        "work",
        error=ErrorTextBody,
    ),
    "GET {}/metadata": Operation(
        KSERVE, schemas.ModelMetadataBody, reach="find", error=ErrorTextBody
    ),
}
OPERATIONS: Mapping[str, Operation] = {
    **{
        key.format(f"/v1/models/<model>{path}"): operation
        for path in PATHS
        for key, operation in _OF_MODEL.items()
    },
    **{
        f"GET /v1/models/<model>{path}": Operation(
            KSERVE, ModelPageBody, reach="find", error=ErrorTextBody
        )
        for path in PATHS[1:]
    },
}
