"""What the models are called, take and give, in the words of the Open Inference Protocol."""

from collections.abc import Sequence
from typing import Any

from service.api.open_inference.request_schemas import Datatype
from service.api.request import Request
from service.engine.types import ModelInfo, ModelStatus
from service.errors import WrongTask

PLATFORM = "onnxruntime_onnx"

Described = tuple[str, Datatype, tuple[int, ...]]
"""A tensor's name, datatype and shape, -1 for any size."""

TEXT: Described = ("text", "BYTES", (-1,))
TEXT_INPUT: Described = ("text_input", "BYTES", (-1,))
OPTIONS: Sequence[Described] = (
    ("max_tokens", "INT32", (1,)),
    ("temperature", "FP32", (1,)),
    ("top_k", "INT32", (1,)),
    ("top_p", "FP32", (1,)),
    ("min_p", "FP32", (1,)),
    ("repetition_penalty", "FP32", (1,)),
    ("presence_penalty", "FP32", (1,)),
    ("frequency_penalty", "FP32", (1,)),
    ("seed", "INT64", (1,)),
    ("stop", "BYTES", (-1,)),
)
"""What else a generator takes; any datatype of whole numbers, or of fractions, will do."""


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
    try:
        return request.engine.resolve(model, "text-classification")
    except WrongTask:
        return request.engine.resolve(model, "text-generation")


def is_served(status: ModelStatus) -> bool:
    """Tell whether a version answers callers."""
    return status.state == "ready" and not status.is_shadow


def versions_of(name: str, statuses: Sequence[ModelStatus]) -> list[str]:
    """List the versions of a model that answer."""
    return [str(one.version) for one in statuses if one.name == name and is_served(one)]


def inputs_of(info: ModelInfo) -> Sequence[Described]:
    """List what a model takes."""
    return (TEXT,) if info.classes else (TEXT_INPUT, *OPTIONS)


def outputs_of(info: ModelInfo) -> Sequence[Described]:
    """List what a model gives."""
    if info.classes:
        return (
            ("label", "BYTES", (-1,)),
            ("score", "FP32", (-1,)),
            ("probabilities", "FP32", (-1, len(info.classes))),
        )
    return (("text_output", "BYTES", (-1,)), ("finish_reason", "BYTES", (-1,)))


def described(tensors: Sequence[Described]) -> list[dict[str, Any]]:
    """Write tensors as metadata lists them."""
    return [
        {"name": name, "datatype": datatype, "shape": shape} for name, datatype, shape in tensors
    ]


def configured(tensors: Sequence[Described]) -> list[dict[str, Any]]:
    """Write tensors as Triton's configuration lists them."""
    return [
        {
            "name": name,
            "data_type": "TYPE_STRING" if datatype == "BYTES" else f"TYPE_{datatype}",
            "dims": shape,
            "optional": (name, datatype, shape) in OPTIONS,
        }
        for name, datatype, shape in tensors
    ]
