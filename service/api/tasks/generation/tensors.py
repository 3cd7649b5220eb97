"""Writing in the Open Inference Protocol: prompts in, their continuations out."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from service.api.errors import SchemaError
from service.api.generation_calls import start_all, wait_all
from service.api.limits import check_text
from service.api.open_inference.tensors import Described, Tensor
from service.api.schema_errors import schema_error
from service.api.task import Outputs, TensorCall, Tensors
from service.api.tasks.generation.extension_schemas import GenerateParameters
from service.api.tasks.generation.generate_extension import FINISH_REASONS, sampling_of
from service.engine.requests.generate import GenerateRequest
from service.engine.types import ModelInfo

TEXT_INPUT: Described = ("text_input", "BYTES", (-1,))
OPTIONS: Sequence[Described] = (
    ("max_tokens", "INT32", (1,)),
    ("min_tokens", "INT32", (1,)),
    ("ignore_eos", "BOOL", (1,)),
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


def inputs(info: ModelInfo) -> Sequence[Described]:
    """List what a generator takes."""
    if info.input_shape:
        return (("image", "FP32", (-1, *info.input_shape)), *OPTIONS)
    return (TEXT_INPUT, *OPTIONS)


def outputs(info: ModelInfo) -> Sequence[Described]:
    """List what it gives."""
    return (("text_output", "BYTES", (-1,)), ("finish_reason", "BYTES", (-1,)))


def infer(call: TensorCall) -> Outputs:
    """Continue the texts of a tensor."""
    request = call.request
    sampling = sampling_of(_options(call.tensors, call.parameters), request.settings)
    generations = start_all(
        [
            GenerateRequest(
                prompt,
                sampling,
                call.model,
                deadline=call.deadline,
                version=call.info.version,
                numbers=numbers,
            )
            for prompt, numbers in _prompts(call)
        ],
        request,
    )
    answers = [answer for [answer] in wait_all(generations, request)]
    shape = (len(answers),)
    reasons = [FINISH_REASONS[answer.finish_reason, answer.has_eos] for answer in answers]
    return {
        "text_output": Tensor("text_output", "BYTES", shape, [one.text for one in answers]),
        "finish_reason": Tensor("finish_reason", "BYTES", shape, reasons),
    }


def _prompts(call: TensorCall) -> list[tuple[str, Sequence[Any]]]:
    """Return the texts to continue, or the images to write about: the one or the other is empty."""
    if not call.info.input_shape:
        texts = call.tensors["text_input"].values
        for index, text in enumerate(texts):
            check_text(text, call.request.settings, "text_input", index)
        return [(text, ()) for text in texts]
    tensor, width = call.tensors["image"], call.info.input_shape[-1]
    most = call.request.settings.max_texts
    if tensor.shape[-1:] != (width,) or not 1 <= len(tensor.values) // width <= most:
        raise SchemaError(
            f"`image` has the shape {list(tensor.shape)}; {call.info.name} takes {[-1, width]}, up "
            f"to {most} images in one request",
            param="image",
        )
    starts = range(0, len(tensor.values), width)
    return [("", tensor.values[start : start + width]) for start in starts]


def _options(tensors: Mapping[str, Tensor], parameters: Mapping[str, Any]) -> GenerateParameters:
    """Gather how to draw from the request's parameters and its small tensors.

    Raises:
        SchemaError: A value cannot be.
    """
    names = {name for name, _, _ in OPTIONS}
    values: dict[str, Any] = {name: parameters[name] for name in names & set(parameters)}
    for name in names & set(tensors):
        given = list(tensors[name].values)
        if name != "stop" and len(given) != 1:
            raise SchemaError(f"`{name}` must have one element, got {len(given)}", param=name)
        values[name] = given if name == "stop" else given[0]
    try:
        return GenerateParameters.model_validate(values)
    except ValidationError as exc:
        raise schema_error(exc, GenerateParameters, to_json(values)) from exc


TENSORS = Tensors(inputs, outputs, infer, [name for name, _, _ in OPTIONS])
