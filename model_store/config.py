"""`config.json`: what a network looks like, what it takes and how it is used by default.

Written by the exporter, read by the engine. Knows no weights and no graph.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, PositiveInt, TypeAdapter, model_validator

from model_store.document import Document

Task = Literal["text-classification", "text-generation"]
Cell = Literal["rnn", "lstm", "gru"]
Precision = Literal["fp32", "int8"]
TokenId = Annotated[int, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]

T = TypeVar("T")


class _RecurrentConfig(Document):
    """What classifiers and generators share: one embedding and a stack of recurrent layers."""

    cell: Cell
    vocab_size: PositiveInt
    embedding_dim: PositiveInt
    hidden_size: PositiveInt
    num_layers: PositiveInt
    precision: Precision = "fp32"

    @model_validator(mode="after")
    def _int8_needs_lstm(self) -> Self:
        if self.precision == "int8" and self.cell != "lstm":
            raise ValueError(f"precision int8 exists for cell lstm only, got {self.cell}: use fp32")
        return self


class ClassifierConfig(_RecurrentConfig):
    """A many-to-one network: a text in, a probability for each label out.

    Args:
        bidirectional: Whether a second stack reads the text backwards.
        pooling: "concat" feeds [last, max, mean] of the hidden states to the head, "last" only
            the last one.
        dense_dims: Widths of the head's hidden layers, may be empty.
        labels: Class names in the order of the graph's `probs`.
        max_seq_len: Tokens that are read at most; longer texts are cut.
        truncation: Which part of a longer text is kept: the first tokens ("head"), the last
            ("tail"), or the first half and the last half ("both").
    """

    task: Literal["text-classification"] = "text-classification"
    bidirectional: bool = False
    pooling: Literal["concat", "last"] = "concat"
    dense_dims: tuple[PositiveInt, ...] = ()
    labels: Annotated[tuple[Text, ...], Field(min_length=2)]
    max_seq_len: PositiveInt
    truncation: Literal["head", "tail", "both"] = "head"

    @model_validator(mode="after")
    def _labels_differ(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels must differ from each other, got {list(self.labels)}")
        return self

    def cut(self, items: Sequence[T]) -> list[T]:
        """Return the `max_seq_len` items that are kept of one per token (ids or offsets)."""
        excess = len(items) - self.max_seq_len
        if excess <= 0:
            return list(items)
        num_first = {"head": self.max_seq_len, "tail": 0, "both": (self.max_seq_len + 1) // 2}
        first = num_first[self.truncation]
        return [*items[:first], *items[first + excess :]]


class SamplingDefaults(Document):
    """How tokens are drawn when the request does not say; fields as in `POST /v1/generate`.

    Args:
        max_tokens: Tokens to generate at most.
        temperature: 0 takes the most probable token, 1 the model's own distribution; up to 2.
        top_k: Keep the k most probable tokens; 0 keeps all.
        top_p: Keep the smallest set of most probable tokens with this total probability, (0, 1].
        min_p: Drop tokens below this share of the top token's probability, [0, 1].
        repetition_penalty: Over 1 makes tokens seen before less likely, (0, 10]; 1 is off.
        stop: Texts that end the answer and are not part of it.
    """

    max_tokens: PositiveInt = 256
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    top_k: Annotated[int, Field(ge=0)] = 0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.0
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] = 1.0
    stop: tuple[Text, ...] = ()


class GeneratorConfig(_RecurrentConfig):
    """A language model: a prompt in, one token after the other out.

    Args:
        tie_weights: Whether the output layer is the embedding, transposed.
        prompt_prefix: Text put before the caller's prompt.
        prompt_suffix: Text put after it.
        prompts: The only prompts allowed; empty takes any text.
        bos_id: Token fed before the prompt, always.
        eos_id: Token that ends the answer when sampled and is not part of its text; or None.
        max_prompt_tokens: Longest prompt in tokens.
        max_tokens: Upper limit of a request's `max_tokens`.
        sampling: Defaults of a request's sampling fields.
    """

    task: Literal["text-generation"] = "text-generation"
    tie_weights: bool = False
    prompt_prefix: str = ""
    prompt_suffix: str = ""
    prompts: tuple[str, ...] = ()
    bos_id: TokenId
    eos_id: TokenId | None = None
    max_prompt_tokens: PositiveInt
    max_tokens: PositiveInt
    sampling: SamplingDefaults = SamplingDefaults()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for name, token_id in (("bos_id", self.bos_id), ("eos_id", self.eos_id)):
            if token_id is not None and token_id >= self.vocab_size:
                raise ValueError(
                    f"{name} {token_id} is no token of a vocabulary of {self.vocab_size}"
                )
        if self.sampling.max_tokens > self.max_tokens:
            raise ValueError(
                f"sampling.max_tokens {self.sampling.max_tokens} is over max_tokens "
                f"{self.max_tokens}"
            )
        if len(set(self.prompts)) != len(self.prompts):
            raise ValueError("prompts must differ from each other")
        return self

    def wrap(self, prompt: str) -> str:
        """Return the text that is encoded for a caller's prompt."""
        return f"{self.prompt_prefix}{prompt}{self.prompt_suffix}"


Config = ClassifierConfig | GeneratorConfig

_CONFIG: TypeAdapter[Config] = TypeAdapter(Annotated[Config, Field(discriminator="task")])


def parse_config(data: bytes) -> Config:
    """Read `config.json`.

    Raises:
        pydantic.ValidationError: If it is not JSON or breaks the schema.
    """
    return _CONFIG.validate_json(data)
