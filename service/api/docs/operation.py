"""What the documentation says of a route beyond its path: models, examples, errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from service.api.response_schemas import ErrorBody
from service.errors import ServiceError

Reach = Literal["none", "find", "work"]
"""What a route asks of the engine: nothing, whether a model is there, or work."""


NATIVE, OPENAI, OIP, KSERVE, FOREIGN, HEALTH = (
    "Native", "OpenAI", "Open Inference Protocol", "KServe v1 and TensorFlow Serving",
    "Hugging Face and vLLM", "Health",
)  # fmt: skip
TAGS = {
    NATIVE: "The service's own routes.",
    OPENAI: "For OpenAI's clients: `base_url` is this server's address and `/v1`.",
    OIP: "For KServe's and Triton's clients.",
    KSERVE: "For clients of KServe's older protocol and of TensorFlow Serving.",
    FOREIGN: "Labels and tokens for clients of text-embeddings-inference and vLLM.",
    HEALTH: "For load balancers and orchestrators; these need no key.",
}


@dataclass(frozen=True)
class Operation:
    """A route in the documentation.

    Args:
        tag: Heading that it stands under.
        answer: What it answers, in JSON.
        ask: What it takes, if it reads a body.
        examples: Bodies by what they show; each of them works.
        reach: What it asks of the engine.
        is_list: Whether it answers with a list of `answer`.
        is_body_optional: Whether an empty body will do.
        events: What each event of a stream holds, if it answers with one.
        other_types: Media types of answers that are neither.
        verb: Of the model in the path.
        error: What its errors look like.
        query: Parameters of the address's query that may be left out, and what each is.
        more_errors: What can go wrong here beyond what can wherever a model is asked.
        never: The one error that it always answers with, by code.
    """

    tag: str
    answer: type[BaseModel] | None = None
    ask: type[BaseModel] | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    reach: Reach = "none"
    is_list: bool = False
    is_body_optional: bool = False
    events: type[BaseModel] | None = None
    other_types: tuple[str, ...] = ()
    verb: str = "classify"
    error: type[BaseModel] = ErrorBody
    query: Mapping[str, str] = field(default_factory=dict)
    more_errors: tuple[type[ServiceError], ...] = ()
    never: str | None = None
