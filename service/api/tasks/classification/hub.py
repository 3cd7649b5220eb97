"""Labels as Hugging Face's client reads them: a list for each text, best first.

Spec: huggingface.js, `packages/tasks/src/tasks/text-classification/spec/input.json`, and that of
`zero-shot-classification`, whose parameters are refused by name: they would get a wrong answer.
"""

from typing import Annotated, Any

from service.api.hugging_face import HubAsk, HubCall
from service.api.protocol_requests import Only, ProtocolRequest
from service.api.tasks.classification.classify import note
from service.api.whole_numbers import Whole
from service.engine.requests.classify import Classification, ClassifyAnswer, ClassifyRequest


class LabelParameters(ProtocolRequest):
    """What Hugging Face's client sends beside the text."""

    top_k: Annotated[int, Whole(1)] | None = None
    """Tell only the k most probable labels."""

    max_length: Annotated[int, Whole(1)] | None = None
    """Read at most so many tokens of a text."""

    function_to_apply: Annotated[Any, Only(("softmax",))] = None
    """Not supported: scores are the model's probabilities, which is what `softmax` gives."""

    return_all_scores: Annotated[Any, Only((True,))] = None
    """Not supported; use `top_k`."""

    truncation: Annotated[Any, Only((True,))] = None
    """Not supported: a text that is too long is cut."""

    padding: bool | str | None = None
    """Accepted: padding changes no answer."""

    candidate_labels: Annotated[Any, Only()] = None
    """Not supported: a model knows only its own labels, which `GET /v1/models` lists as `classes`;
    leave it out, or train a model for these labels (`make train-sentiment`)."""

    hypothesis_template: Annotated[Any, Only()] = None
    """Not supported: it belongs to `candidate_labels`, and a model knows only its own labels."""

    multi_label: Annotated[Any, Only((False,))] = None
    """Not supported: a model's labels exclude each other."""


class LabelHubAsk(HubAsk):
    """Texts to label."""

    parameters: LabelParameters | None = None
    """How many labels to tell, and of how much of the text."""


def labels(call: HubCall) -> list[Any]:
    """Answer with labels and scores, best first; a list of them for each text."""
    parameters = call.ask.parameters or LabelParameters()
    request = call.request
    answer: ClassifyAnswer = request.engine.answer(
        ClassifyRequest(
            call.texts,
            call.model,
            deadline=request.deadline(),
            is_caller_gone=request.is_client_gone,
            version=call.info.version,
            max_text_tokens=parameters.max_length,
        )
    )
    note(answer, request)
    return [scores_of(result, call.info.classes)[: parameters.top_k] for result in answer.results]


def scores_of(result: Classification, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return every label and its score, best first."""
    ranked = sorted(zip(classes, result.probs, strict=True), key=lambda pair: -pair[1])
    return [{"label": label, "score": score} for label, score in ranked]
