"""`POST /classify`: classification as vLLM's clients ask for it.

Spec: vllm-project/vllm, `vllm/entrypoints/pooling/classify/protocol.py`. The answer is that of
`/v1/classify`, which has all that vLLM's has.
"""

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from service.api.body import parse_json
from service.api.errors import SchemaError
from service.api.limits import checked_texts
from service.api.protocol_requests import Only, ProtocolRequest, check_supported, ignored_fields
from service.api.reply import Reply
from service.api.request import Request
from service.api.request_schemas import (
    ModelName,
    Numbers,
    SealedState,
    SealedStates,
    Text,
    Texts,
    TokenIds,
    documented,
)
from service.api.tasks.classification.classify import EXPLAIN, answered, most_tokens, states_of
from service.api.tasks.classification.schemas import TextTokens
from service.api.whole_numbers import whole
from service.engine.requests.classify import ClassifyRequest

SIDES: dict[str | None, Literal["head", "tail"] | None] = {
    None: None,
    "right": "head",
    "left": "tail",
}
"""Which tokens are kept, by the side that is cut off."""

IdLists = Annotated[
    list[TokenIds],
    Field(fail_fast=True),
    documented(minItems=1, limits={"maxItems": "max_texts"}),
]


class VllmClassifyAsk(ProtocolRequest):
    """Texts or numbers to classify."""

    model: ModelName | None = None
    """Classifier, as `name`, `name:version` or `name:label`; the default classifier if left out."""

    input: Annotated[Text | Texts | TokenIds | IdLists | Numbers, Field(union_mode="left_to_right")]
    """A text, a list of texts, the token ids of a text, or a list of those; for models of numbers
    a list of arrays."""

    truncate_prompt_tokens: TextTokens | None = None
    """Read at most so many tokens of a text; -1, and any more than it has, is the model's limit."""

    truncation_side: Literal["left", "right"] | None = None
    """Which side of a text that is too long is cut off; what the model does if left out."""

    explain: bool | Literal["trajectory", "occlusion"] = False
    """As on `/v1/classify`, but for `gates`."""

    return_state: bool = False
    """As on `/v1/classify`: adds the state at its text's end to each row."""

    state: SealedState | SealedStates | None = None
    """As on `/v1/classify`: where to go on from. A text that would be cut is refused then."""

    user: str | None = None
    """Accepted, and used for nothing."""

    request_id: str | None = None
    """Accepted, and used for nothing; the header `X-Request-Id` names a request."""

    cache_salt: str | None = None
    """Accepted, and used for nothing: no text is kept."""

    add_special_tokens: bool | None = None
    """Accepted: the models have none to add."""

    padding: Literal["max_length", "do_not_pad"] | None = None
    """Accepted: padding changes no answer."""

    priority: Annotated[Any, Only((0,))] = None
    """Not supported: requests have no order but that of their coming."""

    use_activation: Annotated[Any, Only((True,))] = None
    """Not supported: scores are probabilities."""

    activation: Annotated[Any, Only((True,))] = None
    """Not supported: scores are probabilities."""

    softmax: Annotated[Any, Only((True,))] = None
    """Not supported: scores are probabilities."""

    messages: Annotated[Any, Only()] = None
    """Not supported: the models know no roles; send your text as `input`."""

    mm_processor_kwargs: Annotated[Any, Only()] = None
    """Not supported: the models read no images."""


def classify(request: Request) -> Reply:
    """Answer with the label and probabilities of each text."""
    ask = parse_json(VllmClassifyAsk, request)
    check_supported(ask)
    asked = ClassifyRequest(
        (),
        ask.model,
        EXPLAIN[ask.explain],
        request.deadline(),
        request.is_client_gone,
        max_text_tokens=most_tokens(ask.truncate_prompt_tokens),
        truncation=SIDES[ask.truncation_side],
        states=states_of(ask.state),
        returns_state=ask.return_state,
    )
    reply = answered(_with_inputs(asked, ask.input, request), request)
    reply.headers += ignored_fields(ask)
    return reply


def _with_inputs(
    asked: ClassifyRequest, given: str | list[Any], request: Request
) -> ClassifyRequest:
    """Add the inputs: texts, token ids, or numbers where the model takes those."""
    if isinstance(given, str) or not given or isinstance(given[0], str):
        may_be_blank = bool(asked.states)
        return replace(
            asked, texts=checked_texts(given, request.settings, may_be_blank=may_be_blank)
        )
    info = request.engine.resolve(asked.model, "classify")
    asked = replace(asked, version=info.version)
    is_one = not isinstance(given[0], list)
    inputs = [given] if is_one and not info.input_shape else given
    most = request.settings.max_texts
    if len(inputs) > most:
        raise SchemaError(
            f"`input` has {len(inputs)} items; send 1 to {most} in one request", param="input"
        )
    if info.input_shape:
        return replace(asked, numbers=tuple(inputs))
    return replace(asked, texts=tuple(_token_ids(one) for one in inputs))


def _token_ids(given: list[Any]) -> tuple[int, ...]:
    numbers = tuple(number for one in given if (number := whole(one)) is not None)
    if len(numbers) != len(given):
        raise SchemaError(
            "`input` must hold texts, or whole numbers that are token ids", param="input"
        )
    return numbers
