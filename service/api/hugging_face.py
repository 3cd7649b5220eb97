"""`POST /models/<model>`: any model as Hugging Face's own client asks it, when pointed there.

The client sends `inputs` and `parameters` and reads what its method expects; what that is, each
verb says. `/predict` beside it is for clients of `text-embeddings-inference`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import RootModel

from service.api.body import parse_json
from service.api.limits import checked_texts
from service.api.protocol_requests import ProtocolRequest, check_supported, ignored_fields
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.request_schemas import Text, Texts
from service.api.response_schemas import Answer
from service.engine.types import ModelInfo


class HubAsk(ProtocolRequest):
    """Texts for a model; each verb adds the `parameters` that the client's method for it has."""

    inputs: Text | Texts
    """A text, or a list of texts."""

    options: dict[str, Any] | None = None
    """Accepted, and used for nothing; older clients say here whether a model may be waited for."""


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
        ask: All that was sent, of the class that the verb names.
        model: The engine's name for the model of the path.
        info: What the model takes.
        request: The HTTP request.
    """

    texts: tuple[str, ...]
    is_single: bool
    ask: Any
    model: str
    info: ModelInfo
    request: Request


@dataclass(frozen=True)
class Hub:
    """How a verb is spoken by Hugging Face's client.

    Args:
        ask: What it takes.
        answer: Answers, in the shape that the client's method reads.
    """

    ask: type[HubAsk]
    answer: Callable[[HubCall], list[Any]]


@dataclass(frozen=True)
class HubReply:
    """How a verb is spoken by that client where the answer may also be a stream.

    Args:
        ask: What it takes.
        answer: Reads the request itself, and answers.
    """

    ask: type[ProtocolRequest]
    answer: Callable[[Request], Reply]


def ask_hub(hub: Hub, info: ModelInfo, request: Request) -> Reply:
    """Read a request, have the verb answer, and write that.

    Raises:
        SchemaError: A field cannot be, or cannot be honoured.
        TextTooLong: A text is too long.
    """
    ask = parse_json(hub.ask, request)
    check_supported(ask)
    texts = checked_texts(ask.inputs, request.settings, "inputs")
    is_single = isinstance(ask.inputs, str)
    model = request.params["model"]
    reply = json_reply(hub.answer(HubCall(texts, is_single, ask, model, info, request)))
    reply.headers += ignored_fields(ask)
    return reply
