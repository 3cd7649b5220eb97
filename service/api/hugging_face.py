"""`POST /models/<model>`: any model as Hugging Face's own client asks it, when pointed there.

The client sends `inputs` and `parameters` and reads what its method expects; what that is, each
verb says. `/predict` beside it is for clients of `text-embeddings-inference`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, RootModel

from service.api.body import parse_json
from service.api.errors import SchemaError
from service.api.limits import checked_texts
from service.api.protocol_requests import ProtocolRequest, ignored_fields
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.request_schemas import Text, Texts
from service.api.response_schemas import Answer
from service.engine.types import ModelInfo

Parameters = dict[str, Any]


class HubAsk(ProtocolRequest):
    """Texts for a model."""

    inputs: Text | Texts
    """A text, or a list of texts."""

    parameters: Parameters | None = Field(default=None, max_length=64)
    """What the client's method has; `top_k` for labels, `aggregation_strategy` for tags."""


class HubBody(RootModel[list[Any]]):
    """What the client's method reads: labels, tags or translations."""


class TextErrorBody(Answer):
    """Every error of this route looks like this."""

    error: str
    """What went wrong, and the next step."""

    error_type: Literal["validation", "overloaded", "backend"]
    """Whose fault it was."""


@dataclass(frozen=True)
class HubCall:
    """A request of the client, checked.

    Args:
        texts: What was sent as `inputs`.
        is_single: Whether that was one text and no list.
        parameters: What was sent beside it.
        model: The engine's name for the model of the path.
        info: What the model takes.
        request: The HTTP request.
    """

    texts: tuple[str, ...]
    is_single: bool
    parameters: Mapping[str, Any]
    model: str
    info: ModelInfo
    request: Request


def read_call(request: Request, info: ModelInfo) -> tuple[HubCall, HubAsk]:
    """Read and check a request to a model; raises `SchemaError` or `TextTooLong`."""
    ask = parse_json(HubAsk, request)
    texts = checked_texts(ask.inputs, request.settings, "inputs")
    model = request.params["model"]
    is_single = isinstance(ask.inputs, str)
    return HubCall(texts, is_single, ask.parameters or {}, model, info, request), ask


def answer(value: list[Any], ask: HubAsk) -> Reply:
    """Write what a verb answers."""
    reply = json_reply(value)
    reply.headers += ignored_fields(ask)
    return reply


def number_of(parameters: Mapping[str, Any], name: str) -> int | None:
    """Return a parameter that is a whole number from 1 up; None if it was not sent.

    Raises:
        SchemaError: It is something else.
    """
    value = parameters.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SchemaError(
            f"`parameters.{name}` must be a whole number of at least 1", param=f"parameters.{name}"
        )
    return value
