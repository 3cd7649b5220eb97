"""Classifying in the Open Inference Protocol: texts or numbers in, probabilities out."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from service.api.errors import SchemaError
from service.api.limits import checked_texts
from service.api.open_inference.tensors import Described, Tensor
from service.api.task import Outputs, TensorCall, Tensors
from service.api.tasks.classification.classify import note, pieces_of
from service.engine.requests.classify import ClassifyAnswer, ClassifyRequest, Explain
from service.engine.types import ModelInfo


def inputs(info: ModelInfo) -> Sequence[Described]:
    """List what a classifier takes."""
    if not info.input_shape:
        return (("text", "BYTES", (-1,)),)
    values: Described = ("values", "FP32", (-1, *info.input_shape))
    return (values, ("lengths", "INT32", (-1,))) if len(info.input_shape) > 1 else (values,)


def outputs(info: ModelInfo) -> Sequence[Described]:
    """List what it gives."""
    return (
        ("label", "BYTES", (-1,)),
        ("score", "FP32", (-1,)),
        ("probabilities", "FP32", (-1, len(info.classes))),
    )


def infer(call: TensorCall) -> Outputs:
    """Classify the texts or the numbers of a tensor."""
    if call.info.input_shape:
        return _tensors(_ask(call, numbers=_arrays(call)), call.info)
    return _tensors(_ask(call, _texts(call)), call.info)


def explain(call: TensorCall) -> tuple[Outputs, list[Any]]:
    """Classify the texts of a tensor, and tell what each word did to it.

    Raises:
        SchemaError: The model reads numbers, or `explain` is no way to explain.
    """
    way = call.parameters.get("explain", "occlusion")
    if call.info.input_shape or way not in ("occlusion", "trajectory"):
        raise SchemaError(
            "explanations are of texts, with `parameters.explain` as occlusion or trajectory",
            param="parameters.explain",
        )
    texts = _texts(call)
    answer = _ask(call, texts, explain=way)
    pieces = [pieces_of(one, text) for one, text in zip(answer.results, texts, strict=True)]
    return _tensors(answer, call.info), pieces


def _texts(call: TensorCall) -> tuple[str, ...]:
    return checked_texts(list(call.tensors["text"].values), call.request.settings, "text")


def _ask(
    call: TensorCall,
    texts: tuple[str, ...] = (),
    *,
    numbers: tuple[Any, ...] = (),
    explain: Explain | None = None,
) -> ClassifyAnswer:
    """Have texts or numbers classified, and note for logs and metrics who did it."""
    request = call.request
    answer: ClassifyAnswer = request.engine.answer(
        ClassifyRequest(
            texts,
            call.model,
            explain,
            call.deadline,
            request.is_client_gone,
            version=call.info.version,
            numbers=numbers,
        )
    )
    note(answer, request)
    return answer


def _arrays(call: TensorCall) -> tuple[Any, ...]:
    """Return the inputs of a tensor, each cut to its own length where lengths were sent."""
    tensor, wanted = call.tensors["values"], call.info.input_shape
    fits = len(tensor.shape) == len(wanted) + 1 and tensor.shape[-1] == wanted[-1]
    if not fits or tensor.shape[0] > call.request.settings.max_texts:
        raise SchemaError(
            f"`values` has the shape {list(tensor.shape)}; {call.info.name} takes "
            f"{[-1, *wanted]}, up to {call.request.settings.max_texts} inputs in one request",
            param="values",
        )
    try:
        arrays = np.array(tensor.values, np.float64).reshape(tensor.shape)
    except OverflowError as exc:
        raise SchemaError(
            "`values` has a number that is not finite in 32 bits: leave it out", param="values"
        ) from exc
    given = call.tensors.get("lengths")
    if given is None:
        return tuple(arrays)
    lengths = list(given.values)
    if len(lengths) != len(arrays) or not all(0 < one <= tensor.shape[1] for one in lengths):
        raise SchemaError(
            f"`lengths` must have {len(arrays)} numbers from 1 to {tensor.shape[1]}",
            param="lengths",
        )
    return tuple(one[:length] for one, length in zip(arrays, lengths, strict=True))


def _tensors(answer: ClassifyAnswer, info: ModelInfo) -> Outputs:
    results = answer.results
    rows, columns = len(results), len(info.classes)
    probs = [prob for result in results for prob in result.probs]
    return {
        "label": Tensor("label", "BYTES", (rows,), [result.label for result in results]),
        "score": Tensor("score", "FP32", (rows,), [result.score for result in results]),
        "probabilities": Tensor("probabilities", "FP32", (rows, columns), probs),
    }


TENSORS = Tensors(inputs, outputs, infer)
