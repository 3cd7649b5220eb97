"""Exported graphs opened in ONNX Runtime, and what they are fed."""

import numpy as np
from torch import Tensor

from model_store.onnx_runtime import ort
from training.export.weights import FILENAME

Feeds = dict[str, np.ndarray]


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
