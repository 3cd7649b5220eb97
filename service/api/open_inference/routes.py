"""Where the Open Inference Protocol's endpoints are."""

from collections.abc import Mapping

from service.api.errors import BAD_REQUEST, inference_protocol_body
from service.api.handler import Endpoint, Route
from service.api.open_inference import metadata
from service.api.open_inference.infer import infer
from service.api.open_inference.statistics import Statistics

NO_STATUSES: Mapping[str, int] = {}


def routes(statistics: Statistics) -> tuple[Route, ...]:
    """Return the protocol's routes, `statistics` among them."""
    return (
        _route("", metadata.server, "Name, version and extensions"),
        _route("/health/live", metadata.live, "Does the server run?", is_open=True),
        _route("/health/ready", metadata.ready, "Are requests answered?", is_open=True),
        _route("/models", metadata.names, "Names of the models"),
        _route("/models/stats", statistics.show, "Statistics of all models"),
        *of_model("", metadata.metadata, "What a model takes and gives"),
        *of_model("/ready", metadata.model_ready, "Does a model answer?"),
        *of_model("/config", metadata.config, "A model's configuration"),
        *of_model("/stats", statistics.show, "Statistics of a model"),
        *of_model("/infer", infer, "Ask a model, tensors in and out", "POST", BAD_REQUEST),
        _route("/repository/index", metadata.index, "List the versions", "POST", BAD_REQUEST),
        *(
            _route(
                f"/repository/models/<model>/{what}", metadata.load_or_unload,
                "Refused: the store says what is served", "POST",
            )
            for what in ("load", "unload")
        ),
    )  # fmt: skip


def of_model(
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
