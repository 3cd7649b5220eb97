"""`POST /v2/models/<model>/infer`: named tensors in, named tensors out, as JSON or as bytes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from service.api.body import parse_json
from service.api.errors import SchemaError
from service.api.limits import checked_whole
from service.api.open_inference import models
from service.api.open_inference.parameters import NO_PARAMETERS, unknown_parameters
from service.api.open_inference.request_schemas import InferAsk, OutputWish, Parameters
from service.api.open_inference.tensors import Tensor, read_tensors, to_bytes
from service.api.protocol_requests import ignored_fields
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.task import TensorCall
from service.api.whole_numbers import whole
from service.engine.types import ModelInfo

JSON_LENGTH = "Inference-Header-Content-Length"
BINARY = "application/octet-stream"
SMALLEST_NUMBER_BYTES = 2  # of a body: a digit and a comma, or half precision


def infer(request: Request) -> Reply:
    """Ask a model with tensors."""
    ask, tail = _read(request)
    parameters = ask.parameters or NO_PARAMETERS
    info = models.find(request)
    unknown = unknown_parameters(ask, models.tensors_of(info).parameters)
    request.record.model, request.record.version = info.name, info.version
    wishes = _checked_wishes(ask, info)
    limits = request.settings
    max_numbers = limits.max_body_bytes // SMALLEST_NUMBER_BYTES
    tensors = read_tensors(ask.inputs, tail, max_texts=limits.max_texts, max_numbers=max_numbers)
    _check_names(tensors, info)
    call = TensorCall(
        tensors, parameters, models.address(request), info, _deadline(parameters, request), request
    )
    outputs = models.tensors_of(info).infer(call)
    head: dict[str, Any] = {"model_name": info.name, "model_version": str(info.version)}
    if ask.id is not None:
        head["id"] = ask.id
    is_binary = parameters.get("binary_data_output") is True
    given = [(_as_wished(outputs[wish.name], wish, info), wish) for wish in wishes]
    reply = _reply(head, given, is_binary=is_binary)
    reply.headers += ignored_fields(ask, unknown)
    return reply


def _read(request: Request) -> tuple[InferAsk, bytes]:
    """Split the body into its JSON part, checked, and the bytes of tensors after it."""
    sent = request.header(JSON_LENGTH)
    if not sent:
        is_json = request.body.lstrip().startswith(b"{")
        return parse_json(InferAsk, _untyped(request) if is_json else request), b""
    if not (sent.isascii() and sent.isdecimal() and len(sent) < 10):
        raise SchemaError(f"the header {JSON_LENGTH} must be a number of bytes", param=None)
    length = int(sent)
    if length > len(request.body):
        raise SchemaError(
            f"the header {JSON_LENGTH} says {length} bytes, but the body has {len(request.body)}",
            param=None,
        )
    head = replace(_untyped(request), body=request.body[:length])
    return parse_json(InferAsk, head), request.body[length:]


def _untyped(request: Request) -> Request:
    """Leave out the content type of bytes, which some clients send with plain JSON too."""
    if not request.header("Content-Type").lower().startswith(BINARY):
        return request
    return replace(request, environ={**request.environ, "CONTENT_TYPE": ""})


def _checked_wishes(ask: InferAsk, info: ModelInfo) -> list[OutputWish]:
    """Return the outputs to give, in order: those asked for, else all."""
    known = [name for name, _, _ in models.tensors_of(info).outputs(info)]
    for number, wish in enumerate(ask.outputs or ()):
        param = f"outputs[{number}]"
        if wish.name not in known:
            raise SchemaError(
                f"`{param}.name` is {wish.name[:80]!r}; {info.name} gives {', '.join(known)}",
                param=f"{param}.name",
            )
        num_best = (wish.parameters or NO_PARAMETERS).get("classification", 1)
        checked_whole(num_best, 1, f"{param}.parameters.classification")
    return ask.outputs or [OutputWish(name=name) for name in known]


def _check_names(tensors: Mapping[str, Tensor], info: ModelInfo) -> None:
    """Refuse tensors that the model does not take, or that are missing."""
    known = {name: datatype for name, datatype, _ in models.tensors_of(info).inputs(info)}
    first = next(iter(known))
    for name, tensor in tensors.items():
        if name not in known or (known[name] == "BYTES") != (tensor.datatype == "BYTES"):
            takes = ", ".join(f"{one} ({kind})" for one, kind in known.items())
            raise SchemaError(
                f"`inputs` has {name[:80]!r} of {tensor.datatype}; {info.name} takes {takes}",
                param="inputs",
            )
    if first not in tensors or not tensors[first].values:
        raise SchemaError(f"`inputs` has no {first!r}, or it holds nothing", param="inputs")


def _deadline(parameters: Parameters, request: Request) -> float:
    """Return when the answer is too late: by the service's own limit, or the caller's if sooner."""
    timeout_us = checked_whole(parameters.get("timeout", 0), 0, "parameters.timeout")
    if timeout_us == 0:
        return request.deadline()
    return min(request.deadline(), request.record.started + timeout_us / 1e6)


def _as_wished(tensor: Tensor, wish: OutputWish, info: ModelInfo) -> Tensor:
    """Return a tensor, or the best classes of it if those were asked for."""
    num_best = whole((wish.parameters or NO_PARAMETERS).get("classification"))
    if num_best is None:
        return tensor
    if tensor.name != "probabilities":
        raise SchemaError(
            f"`classification` works for `probabilities`, not for {tensor.name!r}", param="outputs"
        )
    labels = info.classes
    values = []
    for start in range(0, len(tensor.values), len(labels)):
        scores = tensor.values[start : start + len(labels)]
        best = sorted(range(len(labels)), key=lambda place: -scores[place])[:num_best]
        values += [f"{scores[place]:.6f}:{place}:{labels[place]}" for place in best]
    shape = (tensor.shape[0], min(num_best, len(labels)))
    return Tensor(tensor.name, "BYTES", shape, values)


def _reply(
    head: dict[str, Any], outputs: list[tuple[Tensor, OutputWish]], *, is_binary: bool
) -> Reply:
    """Write the answer, tensors as bytes where that was asked for."""
    described, pieces = [], []
    for tensor, wish in outputs:
        item: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": tensor.shape,
        }
        if (wish.parameters or NO_PARAMETERS).get("binary_data", is_binary) is True:
            pieces.append(to_bytes(tensor))
            item["parameters"] = {"binary_data_size": len(pieces[-1])}
        else:
            item["data"] = tensor.values
        described.append(item)
    reply = json_reply(head | {"outputs": described})
    if pieces:
        assert isinstance(reply.body, bytes)
        reply.headers += ((JSON_LENGTH, str(len(reply.body))),)
        reply.body += b"".join(pieces)
        reply.content_type = BINARY
    return reply
