"""`config.json`: what a network looks like, what it takes and how it is used by default.

Written by the exporter, read by the engine. Knows no weights, no graph and no task: each task's own
fields stand in `model_store/tasks`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, Field, PositiveInt, field_validator, model_validator

from model_store import tasks
from model_store.discovery import found_in
from model_store.document import Document
from model_store.golden import GoldenCase, TextCase
from model_store.tokenizer import Tokenizer

Cell = Literal["rnn", "lstm", "gru"]
Precision = Literal["fp32", "int8"]
INT8_WEIGHTS = "int8.safetensors"
TokenId = Annotated[int, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]


class TaskConfig(Document):
    """What every task's configuration has; a subclass is what one task adds.

    Args:
        task: The task's name, a constant of the subclass.
    """

    required_files: ClassVar[frozenset[str]] = frozenset()
    """Files that a version needs beside `config.json`, `golden.json` and `model.onnx`."""

    golden_case: ClassVar[type[GoldenCase]]
    """What an input of `golden.json` is."""

    task: str

    @property
    def needed_files(self) -> frozenset[str]:
        """Files that this version needs; see `required_files`."""
        return self.required_files

    def check_case(self, case: GoldenCase, tokenizer: Tokenizer | None) -> None:
        """Check that a golden case belongs to this configuration.

        Raises:
            ValueError: It cannot be of this model.
        """
        raise NotImplementedError


class RecurrentConfig(TaskConfig):
    """A stack of recurrent layers.

    Args:
        cell: Kind of its cells.
        hidden_size: Width of a layer's state.
        num_layers: Layers.
        precision: Numbers that the service computes with: "fp32" by ONNX Runtime, or "int8" by the
            recurrent engine, for tasks that it knows.
        runs_alone: Whether rows are not the same beside others, and so are run by themselves.
    """

    has_int8: ClassVar[bool] = False

    cell: Cell
    hidden_size: PositiveInt
    num_layers: PositiveInt
    precision: Precision = "fp32"
    runs_alone: bool = False

    @model_validator(mode="after")
    def _knows_int8(self) -> Self:
        if self.precision == "int8" and not self.has_int8:
            raise ValueError(f"models for {self.task} have no precision int8: use fp32")
        return self

    @property
    def needed_files(self) -> frozenset[str]:
        """As of `TaskConfig`; an 8-bit version needs its weights."""
        return self.required_files | ({INT8_WEIGHTS} if self.precision == "int8" else set())


class VocabularyConfig(TaskConfig):
    """A model with a tokenizer, which reads or writes tokens or both.

    Args:
        vocab_size: Tokens of its tokenizer.
    """

    required_files: ClassVar[frozenset[str]] = frozenset({"tokenizer.json"})

    vocab_size: PositiveInt


class TextConfig(RecurrentConfig, VocabularyConfig):
    """A network that reads tokens: one embedding below the recurrent layers.

    Args:
        embedding_dim: Width of a token's vector.
    """

    golden_case: ClassVar[type[GoldenCase]] = TextCase

    embedding_dim: PositiveInt

    def input_ids(self, text: str, tokenizer: Tokenizer) -> list[int]:
        """Return the token ids that the network reads for a caller's text."""
        raise NotImplementedError

    def check_num_outputs(self, num_outputs: int) -> None:
        """Check how many numbers a golden case holds; raises `ValueError`."""
        raise NotImplementedError

    def check_case(self, case: GoldenCase, tokenizer: Tokenizer | None) -> None:
        """Check that a text still becomes the recorded tokens; see `TaskConfig`."""
        assert isinstance(case, TextCase)
        assert tokenizer is not None
        if case.token_ids != self.input_ids(case.text, tokenizer):
            raise ValueError("its text gives other token_ids now")
        self.check_num_outputs(len(case.outputs))


@cache
def config_types() -> Mapping[str, type[TaskConfig]]:
    """Return the configuration of every task that is known here, by the task's name."""
    found = found_in(tasks, "CONFIG")
    return {config.model_fields["task"].default: config for config in found}


class _Named(BaseModel):
    """The one field that tells what the others are."""

    task: str

    @field_validator("task")
    @classmethod
    def _is_known(cls, task: str) -> str:
        if task not in config_types():
            known = ", ".join(sorted(config_types()))
            raise ValueError(f"{task!r} is no task that is known here; these are: {known}")
        return task


def parse_config(data: bytes) -> TaskConfig:
    """Read `config.json`.

    Raises:
        pydantic.ValidationError: If it is not JSON, of no known task, or breaks its schema.
    """
    return config_types()[_Named.model_validate_json(data).task].model_validate_json(data)
