"""Requests of the Open Inference Protocol v2, and of Triton's and KServe's additions to it.

Spec: kserve/open-inference-protocol, `inference_rest.md` and `generate_rest.yaml`; extensions:
triton-inference-server/server, `docs/protocol/`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from service.api.protocol_requests import ProtocolRequest
from service.api.whole_numbers import Whole

MAX_TENSORS = 32
MAX_DIMS = 8

Datatype = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
    "FP16", "FP32", "FP64", "BYTES",
]  # fmt: skip
Shape = Annotated[list[Annotated[int, Whole(0, 2**31 - 1)]], Field(max_length=MAX_DIMS)]
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


class IndexAsk(ProtocolRequest):
    """Which versions to list."""

    ready: bool | None = None
    """Only those that answer."""
