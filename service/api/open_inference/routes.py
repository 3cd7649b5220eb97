"""Where the Open Inference Protocol's endpoints are."""

from collections.abc import Mapping

from service.api.errors import BAD_REQUEST, inference_protocol_body
from service.api.handler import Endpoint, Route
from service.api.open_inference import metadata
from service.api.open_inference.generate import generate, generate_stream
from service.api.open_inference.infer import infer
from service.api.open_inference.statistics import Statistics

# A classifier has no such route.
GENERATE_STATUSES = {"queue_full": 429, "engine_failure": 424, "wrong_task": 404}
NO_STATUSES: Mapping[str, int] = {}


def routes(statistics: Statistics) -> tuple[Route, ...]:
    """Return the protocol's routes, `statistics` among them."""
    return (
        _route("", metadata.server, "Name, version and extensions"),
        _route("/health/live", metadata.live, "Does the server run?", is_open=True),
        _route("/health/ready", metadata.ready, "Are requests answered?", is_open=True),
        _route("/models", metadata.names, "Names of the models"),
        _route("/models/stats", statistics.show, "Statistics of all models"),
        *_of_model("", metadata.metadata, "What a model takes and gives"),
        *_of_model("/ready", metadata.model_ready, "Does a model answer?"),
        *_of_model("/config", metadata.config, "A model's configuration"),
        *_of_model("/stats", statistics.show, "Statistics of a model"),
        *_of_model("/infer", infer, "Classify or continue texts", "POST", BAD_REQUEST),
        *_of_model("/generate", generate, "Continue a text", "POST", GENERATE_STATUSES),
        *_of_model(
            "/generate_stream", generate_stream, "Continue a text, piece by piece", "POST",
            GENERATE_STATUSES,
        ),
        _route("/repository/index", metadata.index, "List the versions", "POST", BAD_REQUEST),
        *(
            _route(
                f"/repository/models/<model>/{what}", metadata.load_or_unload,
                "Refused: the store says what is served", "POST",
            )
            for what in ("load", "unload")
        ),
    )  # fmt: skip


def _of_model(
    rest: str,
    endpoint: Endpoint,
    summary: str,
    method: str = "GET",
    statuses: Mapping[str, int] = NO_STATUSES,
) -> tuple[Route, Route]:
    """Make the routes of a model, and of one of its versions."""
    return (
        _route(f"/models/<model>{rest}", endpoint, summary, method, statuses),
        _route(f"/models/<model>/versions/<version>{rest}", endpoint, summary, method, statuses),
    )


def _route(
    rest: str,
    endpoint: Endpoint,
    summary: str,
    method: str = "GET",
    statuses: Mapping[str, int] = NO_STATUSES,
    *,
    is_open: bool = False,
) -> Route:
    return Route(
        f"/v2{rest}", endpoint, method, summary, inference_protocol_body, statuses, is_open
    )
