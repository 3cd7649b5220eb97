"""What the Open Inference Protocol's routes answer; see `schemas` for what they take."""

from typing import Any, Literal

from service.api.open_inference.schemas import Datatype
from service.api.schemas import Answer


class ServerBody(Answer):
    """What the server is, and which extensions of the protocol it has."""

    name: str
    version: str
    extensions: list[str]


class LiveBody(Answer):
    """Whether the server runs."""

    live: bool


class ReadyBody(Answer):
    """Whether requests are answered."""

    ready: bool
    live: bool
    error: str | None = None
    """Why they are not."""


class NamesBody(Answer):
    """Names of the models that are served."""

    models: list[str]


class ModelReadyBody(Answer):
    """Whether a model answers."""

    name: str
    ready: bool


class TensorBody(Answer):
    """A tensor that a model takes or gives."""

    name: str
    datatype: Datatype
    shape: list[int]
    """-1 stands for any size."""


class MetadataBody(Answer):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorBody]
    outputs: list[TensorBody]


class ConfigTensorBody(Answer):
    """A tensor in Triton's way of writing."""

    name: str
    data_type: str
    dims: list[int]
    optional: bool = False


class ConfigBody(Answer):
    """A model's configuration in Triton's way of writing."""

    name: str
    platform: str
    backend: str
    max_batch_size: int
    """0: the first dimension of each tensor is any number of texts."""

    input: list[ConfigTensorBody]
    output: list[ConfigTensorBody]
    parameters: dict[str, dict[str, str]]
    """Limits and labels, each as `{"string_value": …}`."""


class OutputTensor(Answer):
    """A tensor of an answer."""

    name: str
    datatype: Datatype
    shape: list[int]
    parameters: dict[str, int] | None = None
    data: list[Any] | None = None


class InferBody(Answer):
    """Tensors that a model gave."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]


class TokenBody(Answer):
    """A token of the text and its natural-log probability."""

    id: int
    text: str
    logprob: float | None
    special: bool


class DetailsBody(Answer):
    """Why the text ended, and its tokens (in a stream the newest one)."""

    finish_reason: Literal["length", "eos_token", "stop_sequence"] | None
    logprobs: list[TokenBody] | None = None
    token: TokenBody | None = None


class TextBody(Answer):
    """Generated text; in a stream each event is one of these, with the next piece."""

    id: str | None = None
    text_output: str
    model_name: str
    model_version: str
    details: DetailsBody | None = None


class IndexItem(Answer):
    """A version of a model."""

    name: str
    version: str
    state: Literal["READY", "UNAVAILABLE"]
    reason: str


class Duration(Answer):
    """How often, and how long all together."""

    count: int
    ns: int


class InferenceStatistics(Answer):
    """Where the time of requests went."""

    success: Duration
    fail: Duration
    queue: Duration
    compute_input: Duration
    compute_infer: Duration
    compute_output: Duration
    cache_hit: Duration
    cache_miss: Duration


class BatchStatistics(Answer):
    """The same for one size of batch."""

    batch_size: int
    compute_input: Duration
    compute_infer: Duration
    compute_output: Duration


class ModelStatistics(Answer):
    """What one version has done since the worker that answers began."""

    name: str
    version: str
    last_inference: int
    """Unix milliseconds; 0 for never."""

    inference_count: int
    """Texts classified or written."""

    execution_count: int
    """Batches that they were computed in, about."""

    inference_stats: InferenceStatistics
    batch_stats: list[BatchStatistics]


class StatisticsBody(Answer):
    """Statistics of one version, of all versions of a model or of everything."""

    model_stats: list[ModelStatistics]


class ErrorTextBody(Answer):
    """Every error of this protocol looks like this."""

    error: str
