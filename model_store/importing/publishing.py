"""From a file to a version in the store: read, fit, prove, publish."""

import platform
from dataclasses import dataclass, replace
from importlib.metadata import version as library_version
from pathlib import Path

from model_store.config import RecurrentConfig
from model_store.golden import Golden
from model_store.importing.fitting import Fitted
from model_store.importing.graph import network_graph
from model_store.importing.network import Network
from model_store.importing.proving import Proof, Runner, prove
from model_store.importing.summary import card
from model_store.importing.weights import weights_file
from model_store.manifest import About
from model_store.onnx_graph import WEIGHTS
from model_store.store import Store
from model_store.version import TOKENIZER, StoredVersion

LIBRARIES = ("onnx", "onnxruntime", "tokenizers", "numpy")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version comes from.

    Args:
        path: The file.
        source: What wrote it, such as "keras 3.15.1".
        command: The command that imports it.
    """

    path: Path
    source: str
    command: str


@dataclass(frozen=True, eq=False, slots=True)
class Proved:
    """A network that may be published.

    Args:
        fitted: It and its configuration.
        proof: What was found.
        files: Its graph and weights.
    """

    fitted: Fitted
    proof: Proof
    files: dict[str, bytes]


def prove_network(fitted: Fitted, served: Network) -> Proved:
    """Build the graph of a network and prove it; raises `Refused`."""
    weights = weights_file(served)
    return prove_graph(fitted, network_graph(served, weights), weights)


def prove_graph(fitted: Fitted, graph: bytes, weights: bytes | None = None) -> Proved:
    """Prove a graph; rows that are not the same beside others will be run by themselves.

    Raises:
        Refused: It does not answer as it should.
    """
    proof = prove(fitted, Runner(fitted, graph, weights))
    config = fitted.config
    if isinstance(config, RecurrentConfig) and not proof.keeps_bits:
        fitted = replace(fitted, config=config.model_copy(update={"runs_alone": True}))
    files = {"model.onnx": graph} | ({} if weights is None else {WEIGHTS: weights})
    return Proved(fitted, proof, files)


def publish(store: Store, name: str, proved: Proved, origin: Origin) -> StoredVersion:
    """Write a proved network as the next version of a model.

    Raises:
        model_store.errors.StoreError: The store did not take it.
    """
    fitted = proved.fitted
    about = About(
        task=fitted.config.task,
        command=origin.command,
        libraries=_libraries(origin.source),
    )
    text = card(
        *(name, origin.path, origin.source),
        fitted=fitted,
        proof=proved.proof,
        command=origin.command,
    )
    files = proved.files | {
        "config.json": fitted.config.to_bytes(),
        "golden.json": Golden(cases=list(proved.proof.golden)).to_bytes(),
        "README.md": text.encode(),
    }
    if fitted.tokenizer is not None:
        files[TOKENIZER] = fitted.tokenizer.to_bytes()
    return store.publish(name, files, about)


def _libraries(source: str) -> dict[str, str]:
    framework, _, version = source.partition(" ")
    found = {name: library_version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **found, framework: version or "unknown"}
