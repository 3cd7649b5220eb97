"""Requests of the Open Inference Protocol v2, and of Triton's and KServe's additions to it.

Spec: kserve/open-inference-protocol, `inference_rest.md` and `generate_rest.yaml`; extensions:
triton-inference-server/server, `docs/protocol/`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from service.api.protocol_requests import ProtocolRequest
from service.api.request_schemas import MAX_SEED, Prompt, StopText, StopTexts, documented

MAX_TENSORS = 32
MAX_DIMS = 8

Datatype = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
    "FP16", "FP32", "FP64", "BYTES",
]  # fmt: skip
Shape = Annotated[list[Annotated[int, Field(ge=0, le=2**31 - 1)]], Field(max_length=MAX_DIMS)]
Parameters = Annotated[dict[str, bool | int | float | str], Field(max_length=64)]
TensorName = Annotated[str, Field(min_length=1, max_length=256)]


class InputTensor(ProtocolRequest):
    """A tensor that a model reads."""

    name: TensorName
    """`text` for a classifier; `text_input`, `max_tokens` and so on for a generator."""

    shape: Shape
    """Its sizes; their product is the number of elements."""

    datatype: Datatype
    """`BYTES` for text."""

    parameters: Parameters | None = None
    """`binary_data_size`: bytes of the tensor after the JSON part, in place of `data`."""

    data: list[Any] | None = None
    """The elements, flat or nested, row by row."""


class OutputWish(ProtocolRequest):
    """A tensor that the answer shall have."""

    name: TensorName
    """As listed by the model's metadata."""

    parameters: Parameters | None = None
    """`classification`: number of best classes to tell instead of `probabilities`, as
    `score:index:label`; `binary_data`: whether it comes after the JSON part."""


class InferAsk(ProtocolRequest):
    """Tensors for a model."""

    id: Annotated[str, Field(max_length=256)] | None = None
    """Given back in the answer."""

    parameters: Parameters | None = None
    """`timeout`: microseconds that the answer may take; `binary_data_output`: whether outputs come
    after the JSON part; for generators also the fields of `generate`."""

    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=MAX_TENSORS)]
    """What to read."""

    outputs: Annotated[list[OutputWish], Field(max_length=MAX_TENSORS)] | None = None
    """What to answer, in this order; all outputs if left out."""


class GenerateParameters(ProtocolRequest):
    """How text is drawn; what is left out takes the model's own default."""

    max_tokens: Annotated[int, Field(ge=1), documented(limits={"maximum": "max_tokens"})] | None = (
        None
    )
    """Tokens to generate at most; 20 if left out."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    """How freely to draw: 0 takes the most probable token each time."""

    top_k: int | None = Field(default=None, ge=0, le=2**31 - 1)
    """Draw from the k most probable tokens; 0 for all."""

    top_p: float | None = Field(default=None, ge=0, le=1)
    """Draw from the fewest most probable tokens that have this probability together."""

    min_p: float | None = Field(default=None, ge=0, le=1)
    """Leave out tokens below this share of the most probable one's probability."""

    repetition_penalty: float | None = Field(default=None, ge=0.001, le=10)
    """Over 1 makes tokens less likely that were seen before."""

    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    """Over 0 makes every token less likely that the answer has already."""

    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    """The same, growing with each time that it has it."""

    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    """The same seed, request and model version give the same text; drawn if left out."""

    stop: StopText | StopTexts | None = None
    """Text or texts that end the answer; they are not part of it."""

    details: bool | None = None
    """Also tell why the text ended, and each token's log probability."""


class TextAsk(GenerateParameters):
    """A text to continue; as Triton does, the parameters may also stand at the top."""

    text_input: Prompt
    """Text to continue; may be empty."""

    id: Annotated[str, Field(max_length=256)] | None = None
    """Given back in the answer."""

    parameters: GenerateParameters | None = None
    """How text is drawn."""


class IndexAsk(ProtocolRequest):
    """Which versions to list."""

    ready: bool | None = None
    """Only those that answer."""
