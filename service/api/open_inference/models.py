"""What the models are called, take and give, in the words of the Open Inference Protocol."""

from collections.abc import Sequence
from typing import Any

from service.api.open_inference.tensors import Described
from service.api.request import Request
from service.api.task import Tensors, api_tasks
from service.engine.types import ModelInfo, ModelStatus

PLATFORM = "onnxruntime_onnx"


def address(request: Request) -> str:
    """Return the engine's name for the model of the path: `name` or `name:version`."""
    version = request.params.get("version")
    return request.params["model"] + (f":{version}" if version is not None else "")


def find(request: Request) -> ModelInfo:
    """Tell about the model of the path.

    Raises:
        ModelNotFound: There is none, or not this version.
    """
    model = address(request)
    return request.engine.resolve(model, None)


def is_served(status: ModelStatus) -> bool:
    """Tell whether a version answers callers."""
    return status.state == "ready" and not status.is_shadow


def versions_of(name: str, statuses: Sequence[ModelStatus]) -> list[str]:
    """List the versions of a model that answer."""
    return [str(one.version) for one in statuses if one.name == name and is_served(one)]


def tensors_of(info: ModelInfo) -> Tensors:
    """Return how the model's verb is spoken here."""
    return api_tasks()[info.verb].tensors


def described(tensors: Sequence[Described]) -> list[dict[str, Any]]:
    """Write tensors as metadata lists them."""
    return [
        {"name": name, "datatype": datatype, "shape": shape} for name, datatype, shape in tensors
    ]


def configured(tensors: Sequence[Described], *, is_input: bool) -> list[dict[str, Any]]:
    """Write tensors as Triton's configuration lists them; only the first input must be there."""
    return [
        {
            "name": name,
            "data_type": "TYPE_STRING" if datatype == "BYTES" else f"TYPE_{datatype}",
            "dims": shape,
            "optional": place > 0 and is_input,
        }
        for place, (name, datatype, shape) in enumerate(tensors)
    ]
