"""Translating in the Open Inference Protocol: texts in, translations out."""

from collections.abc import Sequence

from service.api.generation_calls import wait_all
from service.api.limits import checked_texts, checked_whole
from service.api.open_inference.tensors import Described, Tensor
from service.api.task import Outputs, TensorCall, Tensors
from service.api.tasks.translation.translate import start_texts
from service.engine.types import ModelInfo


def inputs(info: ModelInfo) -> Sequence[Described]:
    """List what a translator takes."""
    return (("text", "BYTES", (-1,)), ("max_tokens", "INT32", (1,)))


def outputs(info: ModelInfo) -> Sequence[Described]:
    """List what it gives."""
    return (("translation", "BYTES", (-1,)), ("finish_reason", "BYTES", (-1,)))


def infer(call: TensorCall) -> Outputs:
    """Translate the texts of a tensor."""
    request = call.request
    texts = checked_texts(list(call.tensors["text"].values), request.settings, "text")
    generations = start_texts(
        texts,
        call.model,
        _max_tokens(call),
        request,
        version=call.info.version,
        deadline=call.deadline,
    )
    answers = [answer for [answer] in wait_all(generations, request)]
    shape = (len(answers),)
    reasons = [answer.finish_reason for answer in answers]
    return {
        "translation": Tensor("translation", "BYTES", shape, [one.text for one in answers]),
        "finish_reason": Tensor("finish_reason", "BYTES", shape, reasons),
    }


def _max_tokens(call: TensorCall) -> int | None:
    """Return the limit that was sent as a tensor or a parameter; None if it was not."""
    given = call.tensors.get("max_tokens")
    value = call.parameters.get("max_tokens") if given is None else next(iter(given.values), None)
    return None if value is None else checked_whole(value, 1, "max_tokens")


TENSORS = Tensors(inputs, outputs, infer, ("max_tokens",))
