"""What the Open Inference Protocol's routes answer; see `request_schemas` for what they take."""

from typing import Any, Literal

from service.api.open_inference.request_schemas import Datatype
from service.api.response_schemas import Answer


class ServerBody(Answer):
    """What the server is, and which extensions of the protocol it has."""

    name: str
    """Its name."""

    version: str
    """Its version."""

    extensions: list[str]
    """Names of the extensions."""


class LiveBody(Answer):
    """Whether the server runs."""

    live: bool
    """Whether it runs."""


class ReadyBody(Answer):
    """Whether requests are answered."""

    ready: bool
    """Whether it answers."""

    live: bool
    """Whether it runs."""

    error: str | None = None
    """Why they are not."""


class NamesBody(Answer):
    """Names of the models that are served."""

    models: list[str]
    """Sorted names."""


class ModelReadyBody(Answer):
    """Whether a model answers."""

    name: str
    """Its name."""

    ready: bool
    """Whether it answers."""


class TensorBody(Answer):
    """A tensor that a model takes or gives."""

    name: str
    """Its name."""

    datatype: Datatype
    """Type of its elements."""

    shape: list[int]
    """-1 stands for any size."""


class MetadataBody(Answer):
    """What a model takes and gives."""

    name: str
    """Its name."""

    versions: list[str]
    """The versions that answer."""

    platform: str
    """What runs it."""

    inputs: list[TensorBody]
    """What it takes."""

    outputs: list[TensorBody]
    """What it gives."""


class ConfigTensorBody(Answer):
    """A tensor in Triton's way of writing."""

    name: str
    """Its name."""

    data_type: str
    """Type of its elements."""

    dims: list[int]
    """Its sizes; -1 stands for any."""

    optional: bool = False
    """Whether it may be left out."""


class ConfigBody(Answer):
    """A model's configuration in Triton's way of writing."""

    name: str
    """Its name."""

    platform: str
    """What runs it."""

    backend: str
    """What runs it."""

    max_batch_size: int
    """0: the first dimension of each tensor is any number of texts."""

    input: list[ConfigTensorBody]
    """What it takes."""

    output: list[ConfigTensorBody]
    """What it gives."""

    parameters: dict[str, dict[str, str]]
    """Limits and labels, each as `{"string_value": …}`."""


class OutputTensor(Answer):
    """A tensor of an answer."""

    name: str
    """Its name."""

    datatype: Datatype
    """Type of its elements."""

    shape: list[int]
    """Its sizes."""

    parameters: dict[str, int] | None = None
    """`binary_data_size`: bytes of the tensor after the JSON part."""

    data: list[Any] | None = None
    """The elements, row by row."""


class InferBody(Answer):
    """Tensors that a model gave."""

    model_name: str
    """Name of the model that answered."""

    model_version: str
    """Its version."""

    id: str | None = None
    """The request's own `id`."""

    outputs: list[OutputTensor]
    """The tensors, in the order asked for."""


class IndexItem(Answer):
    """A version of a model."""

    name: str
    """Its name."""

    version: str
    """Its version."""

    state: Literal["READY", "UNAVAILABLE"]
    """Whether it answers."""

    reason: str
    """Why it does not."""


class ErrorTextBody(Answer):
    """Every error of this protocol looks like this."""

    error: str
    """What went wrong, and the next step."""
