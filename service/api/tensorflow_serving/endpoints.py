"""`:predict`, `:classify`, `:explain` and `/metadata`, as KServe's v1 and TensorFlow Serving do.

Specs: KServe, "V1 Protocol"; TensorFlow Serving, `tensorflow_serving/g3doc/api_rest.md`. Every verb
that is spoken in tensors is spoken here too.
"""

from collections.abc import Collection
from typing import Any

from service.api.body import parse_json
from service.api.errors import SchemaError
from service.api.open_inference import models
from service.api.open_inference.infer import SMALLEST_NUMBER_BYTES
from service.api.open_inference.tensors import Described, Tensor
from service.api.protocol_requests import check_supported, ignored_fields
from service.api.reply import Reply, json_reply
from service.api.request import Request
from service.api.task import Outputs, TensorCall, api_tasks
from service.api.tensorflow_serving.schemas import ClassifyExamplesAsk, PredictAsk, SignatureAsk
from service.api.tensorflow_serving.values import (
    read_columns,
    read_rows,
    to_columns,
    to_nested,
    to_rows,
)
from service.engine.types import ModelInfo
from service.errors import WrongTask

DTYPES = {"BYTES": "DT_STRING", "FP32": "DT_FLOAT", "FP64": "DT_DOUBLE"}  # others: DT_ and the name
PROBABILITIES = "probabilities"


def predict(request: Request) -> Reply:
    """Ask a model, by rows or by columns."""
    ask = parse_json(PredictAsk, request)
    info = models.find(request)
    outputs = models.tensors_of(info).infer(_call(ask, info, request))
    return _reply(_answer(ask, outputs, info), ask, models.tensors_of(info).parameters)


def explain(request: Request) -> Reply:
    """Ask a model, and what each word did to its answer."""
    ask = parse_json(PredictAsk, request)
    info = models.find(request)
    explained = api_tasks()[info.verb].explain
    if explained is None:
        raise WrongTask(
            f"{info.name} cannot explain itself: that is done by models that label texts; ask it "
            "with :predict",
            param="model",
        )
    outputs, explanations = explained(_call(ask, info, request))
    return _reply(_answer(ask, outputs, info) | {"explanations": explanations}, ask, {"explain"})


def classify(request: Request) -> Reply:
    """Answer with every label's probability for each example."""
    ask = parse_json(ClassifyExamplesAsk, request)
    check_supported(ask)
    info = models.find(request)
    tensors = models.tensors_of(info)
    if PROBABILITIES not in {name for name, _, _ in tensors.outputs(info)}:
        raise WrongTask(
            f"{info.name} gives no probabilities of labels; ask it with :predict", param="model"
        )
    check_number(len(ask.examples), request, "examples")
    rows = [{**(ask.context or {}), **example} for example in ask.examples]
    read = read_rows(rows, tensors.inputs(info), "examples", max_numbers=max_numbers(request))
    outputs = tensors.infer(_tensor_call(read, ask.parameters, info, request))
    result = [
        list(zip(info.classes, probs, strict=True)) for probs in to_nested(outputs[PROBABILITIES])
    ]
    return _reply({"result": result}, ask, tensors.parameters)


def metadata(request: Request) -> Reply:
    """Tell what a model takes and gives."""
    info = models.find(request)
    tensors = models.tensors_of(info)
    signature = {
        "inputs": {one[0]: _tensor_info(one) for one in tensors.inputs(info)},
        "outputs": {one[0]: _tensor_info(one) for one in tensors.outputs(info)},
        "method_name": "tensorflow/serving/predict",
    }
    return json_reply(
        {
            "model_spec": {"name": info.name, "signature_name": "", "version": str(info.version)},
            "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
        }
    )


def _call(ask: PredictAsk, info: ModelInfo, request: Request) -> TensorCall:
    """Read the inputs of a request.

    Raises:
        SchemaError: There are none, both kinds, too many, or the model does not take one.
    """
    check_supported(ask)
    inputs = models.tensors_of(info).inputs(info)
    if (ask.instances is None) == (ask.inputs is None):
        raise SchemaError("send either `instances` or `inputs`", param="instances")
    if ask.instances is not None:
        check_number(len(ask.instances), request, "instances")
        most = max_numbers(request)
        read = read_rows(ask.instances, inputs, "instances", max_numbers=most)
    else:
        read = read_columns(ask.inputs, inputs, "inputs")
        check_number(read[inputs[0][0]].shape[0], request, "inputs")
    return _tensor_call(read, ask.parameters, info, request)


def _tensor_call(
    read: dict[str, Tensor], parameters: dict[str, Any] | None, info: ModelInfo, request: Request
) -> TensorCall:
    request.record.model, request.record.version = info.name, info.version
    model = models.address(request)
    return TensorCall(read, parameters or {}, model, info, request.deadline(), request)


def check_number(number: int, request: Request, param: str) -> None:
    """Refuse no values at all, or more than a request may have; raises `SchemaError`."""
    most = request.settings.max_texts
    if not 1 <= number <= most:
        raise SchemaError(
            f"`{param}` has {number} values; send 1 to {most} in one request", param=param
        )


def max_numbers(request: Request) -> int:
    """Return how many numbers sequences may be filled up to."""
    return request.settings.max_body_bytes // SMALLEST_NUMBER_BYTES


def _answer(ask: PredictAsk, outputs: Outputs, info: ModelInfo) -> dict[str, Any]:
    if ask.instances is None:
        return {"outputs": to_columns(outputs)}
    counts = models.tensors_of(info).counts
    return {"predictions": to_rows(outputs, len(ask.instances), counts)}


def _reply(body: dict[str, Any], ask: SignatureAsk, read: Collection[str]) -> Reply:
    """Write an answer; a header names what was sent and not read."""
    unread = [f"parameters.{name}" for name in ask.parameters or () if name not in read]
    reply = json_reply(body)
    reply.headers += ignored_fields(ask, unread)
    return reply


def _tensor_info(described: Described) -> dict[str, Any]:
    """Write a tensor as a protocol buffer `TensorInfo` is written in JSON."""
    name, datatype, shape = described
    dim = [{"size": str(size), "name": ""} for size in shape]
    return {
        "dtype": DTYPES.get(datatype, f"DT_{datatype}"),
        "tensor_shape": {"dim": dim, "unknown_rank": False},
        "name": name,
    }
