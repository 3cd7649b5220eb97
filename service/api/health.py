"""`GET /healthz` and `GET /readyz`: is the process alive, and does it answer requests?

`GET /health` is where clients of vLLM and of Hugging Face's servers ask whether it is alive.
"""

from typing import Literal

from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.response_schemas import Answer
from service.errors import NotReady


class StatusBody(Answer):
    """How the worker is."""

    status: Literal["ok", "ready"]
    """`ok`: the process serves; `ready`: requests are answered."""


def alive(request: Request) -> Reply:
    """Answer 200 as long as the process serves HTTP at all."""
    return json_reply({"status": "ok"})


def ready(request: Request) -> Reply:
    """Answer 200 while requests are answered, else 503 with the reason."""
    health = request.engine.health()
    if not health.is_ready:
        raise NotReady(health.reason, retry_after_s=1)
    return json_reply({"status": "ready"})
