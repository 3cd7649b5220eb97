"""Classifying in the Open Inference Protocol: texts in, labels and probabilities out."""

from collections.abc import Sequence

from service.api.limits import checked_texts
from service.api.open_inference.tensors import Described, Tensor
from service.api.task import Outputs, TensorCall, Tensors
from service.api.tasks.classification.classify import note
from service.engine.requests.classify import ClassifyAnswer, ClassifyRequest
from service.engine.types import ModelInfo


def inputs(info: ModelInfo) -> Sequence[Described]:
    """List what a classifier takes."""
    return (("text", "BYTES", (-1,)),)


def outputs(info: ModelInfo) -> Sequence[Described]:
    """List what it gives."""
    return (
        ("label", "BYTES", (-1,)),
        ("score", "FP32", (-1,)),
        ("probabilities", "FP32", (-1, len(info.classes))),
    )


def infer(call: TensorCall) -> Outputs:
    """Classify the texts of a tensor."""
    request = call.request
    texts = checked_texts(list(call.tensors["text"].values), request.settings, "text")
    answer: ClassifyAnswer = request.engine.answer(
        ClassifyRequest(
            texts,
            call.model,
            deadline=call.deadline,
            is_caller_gone=request.is_client_gone,
            version=call.info.version,
        )
    )
    note(answer, request)
    return _tensors(answer, call.info)


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
