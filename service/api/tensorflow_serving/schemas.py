"""Wire models of KServe's protocol v1 and of TensorFlow Serving: what is taken and answered."""

from typing import Annotated, Any, Literal

from pydantic import Field

from service.api.protocol_requests import Only, ProtocolRequest
from service.api.response_schemas import Answer

Instances = list[Any]
Parameters = dict[str, Any]
Features = dict[str, Any]
LabelAndScore = Annotated[list[str | float], Field(min_length=2, max_length=2)]


class SignatureAsk(ProtocolRequest):
    """What every request may have."""

    signature_name: Annotated[Any, Only(("", "serving_default"))] = None
    """Not supported: a model has one signature, `serving_default`."""

    parameters: Annotated[Parameters, Field(max_length=64)] | None = None
    """How to answer, for all instances: `max_tokens`, `temperature` and so on where text is
    written, `explain` (`occlusion` or `trajectory`) at `:explain`."""


class PredictAsk(SignatureAsk):
    """Inputs for a model; `instances` or `inputs`, not both."""

    instances: Instances | None = None
    """Row by row: each a text or numbers, or an object of named inputs (see `/metadata`)."""

    inputs: Any = None
    """Column by column: all values of one input, or an object of named inputs."""


class ClassifyExamplesAsk(SignatureAsk):
    """Examples to classify."""

    examples: list[Features]
    """Each an object of named inputs (see `/metadata`)."""

    context: Features | None = None
    """Inputs that all examples share."""


class PredictionsBody(Answer):
    """What the model gave, in rows as it was asked in rows, else in columns."""

    predictions: Instances | None = None
    """For `instances`: an object of all outputs for each, or the value alone of a single output."""

    outputs: Any = None
    """For `inputs`: all outputs by name, or the value alone of a single output."""


class ExplanationsBody(Answer):
    """What the model gave, and what each word did to it."""

    predictions: Instances | None = None
    """As at `:predict`."""

    outputs: Any = None
    """As at `:predict`."""

    explanations: list[list[dict[str, Any]]]
    """For each text its words or tokens, as `/v1/classify` explains them."""


class ClassifyResultBody(Answer):
    """Labels and their probabilities."""

    result: list[list[LabelAndScore]]
    """For each example every label and its probability, in the model's order."""


class SpecBody(Answer):
    """Which model is meant."""

    name: str
    """Its name."""

    signature_name: Literal[""]
    """Always empty."""

    version: str
    """Its version."""


class ModelMetadataBody(Answer):
    """What a model takes and gives, as TensorFlow Serving writes it."""

    model_spec: SpecBody
    """Which model is meant."""

    metadata: dict[str, Any]
    """Its signature, `serving_default`, with the names, types and shapes of inputs and outputs."""
