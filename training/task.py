"""What a task is to training: its network's graphs, its golden examples, its words for the card.

Each task describes itself in a folder of `training/tasks`; nobody lists them. Its own script, the
folder's `train`, uses it directly; what scripts share knows this interface alone.
"""

import argparse
import json
import shlex
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from torch import nn

from model_store import GoldenCase, StoredVersion, TaskConfig
from model_store.discovery import found_in
from training import tasks
from training.errors import UsageError


@dataclass(frozen=True, slots=True)
class Exported:
    """What is served: graphs by file name, and the one weights file that they share."""

    graphs: Mapping[str, bytes]
    weights: bytes


class TrainingTask(ABC):
    """One task."""

    name: str
    """As in `config.json`."""

    limits: str
    """What a model of it cannot do, for its card; `{max_len}` and other fields of the config."""

    figures: str
    """What its figures mean, for its card."""

    route: str
    """Where the service answers it, such as "/v1/classify"."""

    field: str = "input"
    """The field of such a request that holds the input."""

    @abstractmethod
    def graphs(self, net: Any, weights: bytes) -> dict[str, bytes]:
        """Return the served graphs of a net by file name; `weights` is the file they refer to."""

    def more_graphs(self, stored: StoredVersion) -> dict[str, bytes]:
        """Return the graphs that a stored version would have had it been exported now.

        Those that it has stay as they are, so that its answers do; what is returned was checked
        against them. Raises `training.errors.ParityError`, or ValueError if its net cannot
        be rebuilt.
        """
        return {}

    @abstractmethod
    def check(self, net: Any, exported: Exported) -> None:
        """Compare the graphs with the net; raises `training.errors.ParityError`."""

    @abstractmethod
    def golden(
        self, net: Any, inputs: Sequence[Any], config: Any, tokenizer: Any
    ) -> list[GoldenCase]:
        """Return what the net answers to some inputs, to be run again at every load.

        Args:
            net: The network.
            inputs: As callers would give them.
            config: The version's.
            tokenizer: What the version reads its texts with, a `Tokenizer` or what the task has in
                its place; None if it reads none.
        """

    def text_files(self, tokenizer: Any) -> dict[str, bytes]:
        """Return the files of a version that reads texts with this, by name."""
        return {} if tokenizer is None else {"tokenizer.json": tokenizer.to_bytes()}

    def network(self, config: Any) -> str:
        """Say in a line what the network looks like."""
        return (
            f"{config.cell.upper()}, {config.num_layers} x {config.hidden_size}, embedding "
            f"{config.embedding_dim}, vocabulary {config.vocab_size:,}"
        )

    def choices(self, config: Any) -> str | None:
        """Say what a model answers with, or is asked with, where that is a fixed list."""
        return None

    def warn(self, stored: StoredVersion) -> None:
        """Say what speaks against a version that was just published, if anything does."""
        return

    def evaluate(self, stored: StoredVersion, arguments: argparse.Namespace) -> dict[str, Any]:
        """Measure a stored version on data, say what was found and return it.

        Raises:
            UsageError: That cannot be done with these flags, or not at all.
        """
        raise UsageError(f"there is no evaluation of models for {self.name}: train measures them")

    def call(self, name: str, example: Any) -> str:
        """Return the command that asks a model with an example."""
        body = json.dumps({"model": name, self.field: example}, ensure_ascii=False)
        return (
            f"curl -s http://127.0.0.1:8000{self.route} \\\n"
            f"  -H 'content-type: application/json' -d {shlex.quote(body)}"
        )


@cache
def training_tasks() -> Mapping[str, TrainingTask]:
    """Return every task that is known here, by name."""
    return {task.name: task for task in found_in(tasks, "TASK", module="task")}


def task_of(config: TaskConfig) -> TrainingTask:
    """Return the task of a configuration."""
    return training_tasks()[config.task]


def parameters_of(net: nn.Module) -> int:
    """Return how many numbers a net learns."""
    return sum(parameter.numel() for parameter in net.parameters())
