"""What a verb is to the API: its routes, their documentation, its tensors, its example.

Each describes itself in a folder of `service/api/tasks`; nobody lists them. A verb such as
"classify" may be that of several of the engine's tasks.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from model_store.discovery import found_in
from service.api import tasks
from service.api.docs.operation import Operation
from service.api.handler import Route
from service.api.hugging_face import Hub, HubReply
from service.api.open_inference.tensors import Described, Tensor
from service.api.request import Request
from service.engine.types import ModelInfo

Outputs = dict[str, Tensor]


@dataclass(frozen=True)
class TensorCall:
    """An `infer` request of the Open Inference Protocol, its tensors read.

    Args:
        tensors: What was sent, by name; what the model does not take was refused.
        parameters: The request's own.
        model: The engine's name for the model of the path.
        info: What the model takes.
        deadline: `time.monotonic()` value after which the answer is too late.
        request: The HTTP request.
    """

    tensors: Mapping[str, Tensor]
    parameters: Mapping[str, Any]
    model: str
    info: ModelInfo
    deadline: float
    request: Request


@dataclass(frozen=True)
class Tensors:
    """How a verb is spoken in the Open Inference Protocol.

    Args:
        inputs: What a model takes, the one that must be there first.
        outputs: What it gives.
        infer: Answers with all outputs.
        parameters: Names of the request's parameters that it reads.
        counts: The output that tells how many elements of the others are of each input, where that
            is not one.
    """

    inputs: Callable[[ModelInfo], Sequence[Described]]
    outputs: Callable[[ModelInfo], Sequence[Described]]
    infer: Callable[[TensorCall], Outputs]
    parameters: Collection[str] = ()
    counts: str | None = None


@dataclass(frozen=True)
class Example:
    """A request that shows a task: the route's path, and fields that work for its models."""

    path: str
    fields: str


@dataclass(frozen=True)
class ApiTask:
    """One verb.

    Args:
        verb: As requests to the engine name it.
        routes: Where it is reached.
        operations: What the documentation says of them, by method and rule.
        tensors: How the Open Inference Protocol has it.
        examples: Requests to try, by the task of the model that they are for.
        hub: How Hugging Face's client has it, if it does.
        hub_reply: The same, where the answer may also be a stream.
        explain: Answers with all outputs, and what each part of every input did to them.
        place: Where it stands among the others: 0 comes first.
    """

    verb: str
    routes: tuple[Route, ...]
    operations: Mapping[str, Operation]
    tensors: Tensors
    examples: Mapping[str, Example] = field(default_factory=dict)
    hub: Hub | None = None
    hub_reply: HubReply | None = None
    explain: Callable[[TensorCall], tuple[Outputs, list[Any]]] | None = None
    place: int = 100


@cache
def api_tasks() -> Mapping[str, ApiTask]:
    """Return every verb that is known here, in the order of their places."""
    found = sorted(found_in(tasks, "TASK", module="task"), key=lambda task: task.place)
    return {task.verb: task for task in found}
