"""The least that Flask does for a request: JSON in, JSON of the usual size out, no model.

Command: `gunicorn -c service/gunicorn.conf.py bench.bare:build()`, so under the service's own
server settings: the same worker class, parser and limits.
"""

from flask import Flask, Response, jsonify, request

from service.engine.types import Health

ANSWER = {
    "id": "classify-0123456789abcdef01234567",
    "object": "list",
    "created": 1_700_000_000,
    "model": "sentiment",
    "version": 1,
    "data": [
        {
            "index": 0,
            "label": "positive",
            "score": 0.5123456789,
            "probs": [0.4876543211, 0.5123456789],
            "num_classes": 2,
            "num_tokens": 33,
            "truncated": False,
        }
    ],
    "usage": {"prompt_tokens": 33, "total_tokens": 33, "completion_tokens": 0},
}


class NoEngine:
    """What the service's worker asks of an engine."""

    def health(self) -> Health:
        """Say that all is well."""
        return Health(is_ready=True, reason="")

    def drain(self) -> None:
        """Have nothing to end."""

    def close(self) -> None:
        """Have nothing to free."""


def build() -> Flask:
    """Make the application."""
    app = Flask(__name__)
    app.extensions["engine"] = NoEngine()

    @app.get("/readyz")
    def ready() -> Response:
        return jsonify(status="ready")

    @app.post("/v1/classify")
    def classify() -> Response:
        assert request.get_json()["input"]
        return jsonify(ANSWER)

    return app
