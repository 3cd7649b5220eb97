"""Exported graphs opened in ONNX Runtime, and what they are fed; 8-bit versions take the same."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from model_store import StoredVersion
from model_store.config import RecurrentConfig
from model_store.onnx_runtime import ort
from recurrent.packing import padded
from training.export.weights import FILENAME

Feeds = dict[str, np.ndarray]


class Session(Protocol):
    """What runs a graph: ONNX Runtime, or what stands in for it."""

    def run(self, names: Sequence[str] | None, feed: Feeds) -> list[Any]:
        """Return the graph's outputs of these names, all of them for None."""


def open_floats(stored: StoredVersion) -> Session:
    """Open a stored version's graph."""
    session: Session = open_session(stored.read("model.onnx"), stored.read(FILENAME))
    return session


def state_size(config: RecurrentConfig) -> int:
    """Return the width of a layer's state as its session has it."""
    return padded(config.hidden_size) if config.precision == "int8" else config.hidden_size


def sequences_of(feed: Feeds) -> list[list[int]]:
    """Return the texts of a batch as lists of token ids."""
    rows = zip(feed["token_ids"].tolist(), feed["lengths"].tolist(), strict=True)
    return [row[:length] for row, length in rows]


def open_session(graph: bytes, weights: bytes) -> ort.InferenceSession:
    """Open a graph whose weights lie in a safetensors file; both as bytes."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_external_initializers_from_files_in_memory([FILENAME], [weights], [len(weights)])
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def feeds(token_ids: Tensor, lengths: Tensor) -> Feeds:
    """Return a batch (batch, seq_len), (batch,) as the graphs take it."""
    return {
        "token_ids": token_ids.numpy().astype(np.int32),
        "lengths": lengths.numpy().astype(np.int32),
    }


def zero_state(cell: str, shape: tuple[int, int, int]) -> Feeds:
    """Return the state before the first token: zeros (num_layers, batch, hidden_size)."""
    kinds = ("hidden", "cell") if cell == "lstm" else ("hidden",)
    return {kind: np.zeros(shape, np.float32) for kind in kinds}
