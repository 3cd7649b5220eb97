"""From a trained torch net to a version in the model store, parity checked on the way."""

import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version as library_version
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import nn

from model_store import (
    About,
    ClassifierConfig,
    Config,
    Golden,
    GoldenCase,
    Store,
    StoredVersion,
    Tokenizer,
    input_ids,
)
from training.batches import pad
from training.card import write_card
from training.graphs import classifier_graph, generator_graph, head_graph
from training.nets.classifier import TextClassifier
from training.nets.language_model import LanguageModel
from training.weights import FILENAME, locate, round_weights, weights_to_bytes

PARITY = 1e-5
LIBRARIES = ("torch", "lightning", "onnx", "onnxruntime", "tokenizers", "numpy")
DTYPES = {"float32": torch.float32, "float16": torch.float16}


class ParityError(Exception):
    """The graph's answers differ from torch's by more than 1e-5; nothing was written."""


@dataclass(frozen=True, slots=True)
class Described:
    """What goes into a version besides the network.

    Args:
        about: Data, figures, command.
        golden_texts: Inputs whose outputs are stored and run again at every load.
        example: The text or prompt of the card's example call.
        notes: More sections of the card, by heading.
        pictures: PNG files by name; `curves.png` among them.
        dtype: How weights are stored: "float32" or "float16".
    """

    about: About
    golden_texts: Sequence[str]
    example: str
    notes: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    dtype: str = "float32"


def command_line(module: str, argv: Sequence[str]) -> str:
    """Return the command that was given, as one can type it again."""
    return shlex.join(["python", "-m", module, *argv])


def library_versions() -> dict[str, str]:
    """Return the versions that a model was made with."""
    versions = {name: library_version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **versions, "platform": sys.platform}


def open_session(graph: bytes, weights: bytes) -> onnxruntime.InferenceSession:
    """Open a graph whose weights lie in a safetensors file; both as bytes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_external_initializers_from_files_in_memory([FILENAME], [weights], [len(weights)])
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _check(what: str, expected: torch.Tensor, got: np.ndarray) -> None:
    difference = float(np.abs(expected.numpy() - got).max())
    if not difference <= PARITY:
        raise ParityError(
            f"{what} of the graph and of torch differ by {difference:.2g} (at most {PARITY:g}); "
            "nothing was written"
        )


def _random_batches(vocab_size: int, *, max_len: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return padded batches (token_ids, lengths) of many sizes, single rows included."""
    generator = np.random.default_rng(0)
    batches = []
    for size in (1, 2, 5, 16):
        lengths = generator.integers(1, max_len + 1, size)
        batches.append(pad([generator.integers(0, vocab_size, n).tolist() for n in lengths]))
    return batches


@torch.inference_mode()
def check_classifier(net: TextClassifier, graphs: Mapping[str, bytes], weights: bytes) -> None:
    """Compare the graphs with the net on random padded batches.

    Raises:
        ParityError: A probability differs by more than 1e-5.
    """
    model = open_session(graphs["model.onnx"], weights)
    for token_ids, lengths in _random_batches(net.config.stack.vocab_size, max_len=60):
        feeds = {"token_ids": token_ids.int().numpy(), "lengths": lengths.int().numpy()}
        expected = torch.softmax(net(token_ids, lengths), dim=1)
        _check("probabilities", expected, model.run(["probs"], feeds)[0])
    if "head.onnx" in graphs:
        pooled = torch.randn(9, net.config.pooled_dim)
        head = open_session(graphs["head.onnx"], weights)
        expected = torch.softmax(net.head(pooled), dim=1)
        _check("head probabilities", expected, head.run(None, {"pooled": pooled.numpy()})[0])


@torch.inference_mode()
def check_generator(net: LanguageModel, graph: bytes, weights: bytes) -> None:
    """Compare the graph with the net: prompts of random lengths, then steps with carried state.

    Raises:
        ParityError: A next-token probability differs by more than 1e-5.
    """
    model, stack = open_session(graph, weights), net.config.stack
    kinds = ["hidden", "cell"] if stack.cell == "lstm" else ["hidden"]
    for token_ids, lengths in _random_batches(stack.vocab_size, max_len=40):
        shape = (stack.num_layers, len(lengths), stack.hidden_size)
        feeds: dict[str, Any] = {kind: np.zeros(shape, np.float32) for kind in kinds}
        feeds |= {"token_ids": token_ids.int().numpy(), "lengths": lengths.int().numpy()}
        logits, *state = model.run(None, feeds)
        step = np.full((len(lengths), 1), 1, np.int32)
        feeds = dict(zip(kinds, state, strict=True))
        feeds |= {"token_ids": step, "lengths": np.ones(len(lengths), np.int32)}
        after = model.run(["logits"], feeds)[0]
        for row, length in enumerate(lengths.tolist()):
            text = torch.cat([token_ids[row, :length], torch.ones(1, dtype=torch.long)])
            expected = torch.softmax(net(text[None])[0][0, -2:], dim=1)
            got = torch.softmax(torch.from_numpy(np.stack([logits[row], after[row]])), dim=1)
            _check("next-token probabilities", expected, got.numpy())


def _golden(
    net: nn.Module, texts: Sequence[str], *, tokenizer: Tokenizer, config: Config
) -> Golden:
    cases = []
    for text in texts:
        ids = input_ids(text, tokenizer, config)
        row = torch.tensor([ids])
        if isinstance(config, ClassifierConfig):
            outputs = torch.softmax(net(row, torch.tensor([len(ids)])), dim=1)[0]
        else:
            outputs = torch.log_softmax(net(row)[0][0, -1], dim=0)[:64]
        cases.append(GoldenCase(text=text, token_ids=ids, outputs=outputs.tolist()))
    return Golden(cases=cases)


def export(
    net: TextClassifier | LanguageModel,
    config: Config,
    *,
    tokenizer: Tokenizer,
    store: Store,
    name: str,
    described: Described,
) -> StoredVersion:
    """Publish a net as a new version; with half-precision storage its weights are rounded first.

    Raises:
        ParityError: Graph and net disagree; nothing was written.
        model_store.StoreError: The store did not take it.
    """
    dtype = DTYPES[described.dtype]
    net.eval()
    round_weights(net, dtype)
    weights = weights_to_bytes(net, dtype)
    places = locate(weights)
    graphs: dict[str, bytes] = {}
    if isinstance(net, TextClassifier):
        graphs["model.onnx"] = classifier_graph(net.config, places)
        if not net.config.stack.bidirectional:
            graphs["head.onnx"] = head_graph(net.config, places)
        check_classifier(net, graphs, weights)
    else:
        graphs["model.onnx"] = generator_graph(net.config, places)
        check_generator(net, graphs["model.onnx"], weights)
    with torch.inference_mode():
        golden = _golden(net, described.golden_texts, tokenizer=tokenizer, config=config)
    card = write_card(
        name, config, described.about, example=described.example, notes=described.notes
    )
    files = {
        **graphs,
        FILENAME: weights,
        "config.json": config.to_bytes(),
        "tokenizer.json": tokenizer.to_bytes(),
        "golden.json": golden.to_bytes(),
        "README.md": card.encode(),
        **described.pictures,
    }
    return store.publish(name, files, described.about)
