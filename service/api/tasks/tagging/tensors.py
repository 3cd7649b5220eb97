"""Tagging in the Open Inference Protocol: texts in, their words one after the other out.

Texts have different numbers of words, and a tensor is a box: the words of all texts follow each
other, and `num_tokens` tells how many are of each text.
"""

from collections.abc import Sequence
from typing import Any

from service.api.limits import checked_texts
from service.api.open_inference.request_schemas import Datatype
from service.api.open_inference.tensors import Described, Tensor
from service.api.task import Outputs, TensorCall, Tensors
from service.api.tasks.tagging.tag import ask_tags
from service.engine.types import ModelInfo

OUTPUTS: Sequence[Described] = (
    ("token", "BYTES", (-1,)),
    ("label", "BYTES", (-1,)),
    ("score", "FP32", (-1,)),
    ("start", "INT32", (-1,)),
    ("end", "INT32", (-1,)),
    ("num_tokens", "INT32", (-1,)),
)


def inputs(info: ModelInfo) -> Sequence[Described]:
    """List what a tagger takes."""
    return (("text", "BYTES", (-1,)),)


def outputs(info: ModelInfo) -> Sequence[Described]:
    """List what it gives."""
    return OUTPUTS


def infer(call: TensorCall) -> Outputs:
    """Tag the texts of a tensor."""
    request = call.request
    texts = checked_texts(list(call.tensors["text"].values), request.settings, "text")
    answer = ask_tags(texts, call.model, request, version=call.info.version, deadline=call.deadline)
    pairs = [(tag, text) for tags, text in zip(answer.results, texts, strict=True) for tag in tags]
    values: dict[str, list[Any]] = {
        "token": [text[tag.start : tag.end] for tag, text in pairs],
        "label": [tag.label for tag, _ in pairs],
        "score": [tag.score for tag, _ in pairs],
        "start": [tag.start for tag, _ in pairs],
        "end": [tag.end for tag, _ in pairs],
        "num_tokens": [len(tags) for tags in answer.results],
    }
    kinds: dict[str, Datatype] = {name: datatype for name, datatype, _ in OUTPUTS}
    return {name: Tensor(name, kinds[name], (len(own),), own) for name, own in values.items()}


TENSORS = Tensors(inputs, outputs, infer, counts="num_tokens")
