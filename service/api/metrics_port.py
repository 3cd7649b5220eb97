"""A door of its own for `/metrics`, where the settings name one: another port."""

from service.api.errors import RouteNotFound
from service.api.request import Request

METRICS_RULE = "/metrics"


class MetricsPort:
    """Lets figures out at their own port alone, and nothing else there; a guard.

    Routes without guards, liveness and readiness, are at both.

    Args:
        port: Of the figures.
    """

    def __init__(self, port: int) -> None:
        self._port = str(port)

    def __call__(self, request: Request) -> None:
        """Look at which door the request came in.

        Raises:
            RouteNotFound: It is at another.
        """
        is_at_metrics = request.environ.get("SERVER_PORT") == self._port
        wants_metrics = request.record.route == METRICS_RULE
        if wants_metrics and not is_at_metrics:
            raise RouteNotFound(f"{METRICS_RULE} is at a port of its own here (METRICS_PORT)")
        if is_at_metrics and not wants_metrics:
            raise RouteNotFound(
                f"only {METRICS_RULE}, /health, /healthz and /readyz are at this port"
            )
