"""From a trained torch net to a version in the model store, parity checked on the way."""

import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version as library_version
from typing import Any

import torch
from torch import nn

from model_store import About, Golden, Store, StoredVersion, TaskConfig
from training.export.weights import FILENAME, round_weights, weights_to_bytes
from training.reports.card import write_card
from training.task import Exported, TrainingTask, parameters_of, task_of

LIBRARIES = ("torch", "lightning", "onnx", "onnxruntime", "tokenizers", "numpy", "scikit-learn")
DTYPES = {"float32": torch.float32, "float16": torch.float16}
NOT_OF_THE_MODEL = frozenset({"--resume"})
FOLDERS = frozenset({"--run-dir", "--store", "--output-dir"})  # of one machine; they have a value


@dataclass(frozen=True, slots=True)
class Described:
    """What goes into a version besides the network.

    Args:
        about: Data, figures, command.
        golden: Inputs whose outputs are stored and run again at every load.
        example: The input of the card's example call.
        notes: More sections of the card, by heading.
        pictures: PNG files by name; `curves.png` among them.
    """

    about: About
    golden: Sequence[Any]
    example: Any
    notes: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def command_line(module: str, argv: Sequence[str]) -> str:
    """Return the command that makes the same model, wherever its run and its store are.

    A resumed run is one from the start.
    """
    kept = []
    arguments = iter(argv)
    for argument in arguments:
        flag, has_value, _ = argument.partition("=")
        if flag in FOLDERS and not has_value:
            next(arguments, None)
        elif flag not in FOLDERS | NOT_OF_THE_MODEL:
            kept.append(argument)
    return shlex.join(["python", "-m", module, *kept])


def library_versions() -> dict[str, str]:
    """Return the versions that a model was made with."""
    versions = {name: library_version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **versions, "platform": sys.platform}


def to_graphs(task: TrainingTask, net: nn.Module, dtype: str = "float32") -> Exported:
    """Export a net; with half-precision storage its weights are rounded first.

    Args:
        task: The net's task.
        net: The network, left on the processor in evaluation mode.
        dtype: How weights are stored: "float32" or "float16".

    Raises:
        ParityError: The graphs' answers are not the net's.
    """
    net.cpu().eval()
    round_weights(net, DTYPES[dtype])
    weights = weights_to_bytes(net, DTYPES[dtype])
    exported = Exported(task.graphs(net, weights), weights)
    task.check(net, exported)
    return exported


def publish(
    net: nn.Module,
    exported: Exported,
    config: TaskConfig,
    *,
    tokenizer: Any = None,
    store: Store,
    name: str,
    described: Described,
) -> StoredVersion:
    """Publish an exported net as a new version.

    Args:
        net: The network.
        exported: Its graphs.
        config: The version's; tells the task.
        tokenizer: What it reads texts with, see `TrainingTask.golden`.
        store: Where to.
        name: Of the model.
        described: What else goes into it.

    Raises:
        model_store.StoreError: The store did not take it.
    """
    task = task_of(config)
    with torch.inference_mode():
        cases = task.golden(net, described.golden, config, tokenizer)
    card = write_card(
        name,
        config,
        described.about,
        example=described.example,
        notes=described.notes,
        parameters=parameters_of(net),
    )
    files = {
        **exported.graphs,
        FILENAME: exported.weights,
        "config.json": config.to_bytes(),
        "golden.json": Golden(cases=cases).to_bytes(),
        "README.md": card.encode(),
        **task.text_files(tokenizer),
        **described.pictures,
    }
    return store.publish(name, files, described.about)
