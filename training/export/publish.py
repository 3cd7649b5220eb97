"""From a trained torch net to a version in the model store, parity checked on the way."""

import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version as library_version

import torch
from torch import nn

from model_store import (
    About,
    ClassifierConfig,
    Golden,
    Store,
    StoredVersion,
    TextCase,
    TextConfig,
    Tokenizer,
)
from training.export.graph import classifier_graph, generator_graph, head_graph
from training.export.parity import check_classifier, check_generator
from training.export.weights import FILENAME, locate, round_weights, weights_to_bytes
from training.nets.classifier import TextClassifier
from training.nets.language_model import LanguageModel
from training.reports.card import write_card

LIBRARIES = ("torch", "lightning", "onnx", "onnxruntime", "tokenizers", "numpy", "scikit-learn")
DTYPES = {"float32": torch.float32, "float16": torch.float16}
MAX_GOLDEN_LOGITS = 64
NOT_OF_THE_MODEL = frozenset({"--resume"})
FOLDERS = frozenset({"--run-dir", "--store"})  # of the machine that trained it; they have a value


@dataclass(frozen=True, slots=True)
class Exported:
    """What is served: graphs by file name, and the one weights file that they share."""

    graphs: Mapping[str, bytes]
    weights: bytes


@dataclass(frozen=True, slots=True)
class Described:
    """What goes into a version besides the network.

    Args:
        about: Data, figures, command.
        golden_texts: Inputs whose outputs are stored and run again at every load.
        example: The text or prompt of the card's example call.
        notes: More sections of the card, by heading.
        pictures: PNG files by name; `curves.png` among them.
    """

    about: About
    golden_texts: Sequence[str]
    example: str
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


def to_graphs(net: TextClassifier | LanguageModel, dtype: str = "float32") -> Exported:
    """Export a net; with half-precision storage its weights are rounded first.

    Args:
        net: The network, left on the processor in evaluation mode.
        dtype: How weights are stored: "float32" or "float16".

    Raises:
        ParityError: The graphs' answers are not the net's.
    """
    net.cpu().eval()
    round_weights(net, DTYPES[dtype])
    weights = weights_to_bytes(net, DTYPES[dtype])
    places = locate(weights)
    if isinstance(net, LanguageModel):
        graphs = {"model.onnx": generator_graph(net.config, places)}
        check_generator(net, graphs["model.onnx"], weights)
        return Exported(graphs, weights)
    graphs = {"model.onnx": classifier_graph(net.config, places)}
    if not net.config.stack.bidirectional:
        graphs["head.onnx"] = head_graph(net.config, places)
    check_classifier(net, graphs, weights)
    return Exported(graphs, weights)


@torch.inference_mode()
def _golden(
    net: nn.Module, texts: Sequence[str], *, tokenizer: Tokenizer, config: TextConfig
) -> Golden:
    cases = []
    for text in dict.fromkeys(texts):
        ids = config.input_ids(text, tokenizer)
        row = torch.tensor([ids])
        if isinstance(config, ClassifierConfig):
            outputs = torch.softmax(net(row, torch.tensor([len(ids)])), dim=1)[0]
        else:
            outputs = torch.log_softmax(net(row)[0][0, -1], dim=0)[:MAX_GOLDEN_LOGITS]
        cases.append(TextCase(text=text, token_ids=ids, outputs=outputs.tolist()))
    return Golden(cases=[*cases])


def publish(
    net: TextClassifier | LanguageModel,
    exported: Exported,
    config: TextConfig,
    *,
    tokenizer: Tokenizer,
    store: Store,
    name: str,
    described: Described,
) -> StoredVersion:
    """Publish an exported net as a new version.

    Raises:
        model_store.StoreError: The store did not take it.
    """
    golden = _golden(net, described.golden_texts, tokenizer=tokenizer, config=config)
    card = write_card(
        name, config, described.about, example=described.example, notes=described.notes
    )
    files = {
        **exported.graphs,
        FILENAME: exported.weights,
        "config.json": config.to_bytes(),
        "tokenizer.json": tokenizer.to_bytes(),
        "golden.json": golden.to_bytes(),
        "README.md": card.encode(),
        **described.pictures,
    }
    return store.publish(name, files, described.about)
