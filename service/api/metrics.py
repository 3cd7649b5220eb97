"""`GET /metrics`: figures for Prometheus."""

from collections.abc import Callable

from service.api.handler import Route
from service.api.metrics_port import METRICS_RULE
from service.api.reply import Reply
from service.api.request import Request

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_route(render: Callable[[], bytes]) -> Route:
    """Make the route.

    Args:
        render: Returns all figures in Prometheus' text format.
    """

    def metrics(request: Request) -> Reply:
        return Reply(render(), content_type=CONTENT_TYPE)

    return Route(METRICS_RULE, metrics, summary="Figures for Prometheus", is_limited=False)
