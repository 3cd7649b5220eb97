"""ONNX Runtime sessions, opened for one thread, and how rows are padded for them.

Each task's `runtime` runs its own graphs with them. One thread per session: a worker process has
one core, and one thread gives the same bits every time. A row must not depend on its batch; models
whose graphs do not keep that promise are run one row at a time (`rows_are_independent`).
"""

from collections.abc import Sequence

import numpy as np

from model_store import RecurrentConfig
from model_store.onnx_runtime import ort
from service.engine.arrays import Ints

WEIGHTS = "weights.safetensors"
ERRORS_ONLY = 3  # ONNX Runtime's log level


def rows_are_independent(config: RecurrentConfig) -> bool:
    """Whether a row's result has the same bits in every batch.

    Measured for fp32 LSTM and GRU. The plain RNN operator differs in the last bits, and int8
    scales its activations by what else is in the batch; of graphs that were made elsewhere the
    import finds out.
    """
    return config.cell != "rnn" and config.precision == "fp32" and not config.runs_alone


def open_session(graph: bytes, weights: bytes | None) -> ort.InferenceSession:
    """Load a graph for one thread, with little memory kept between calls.

    Without the arena, memory goes back after each call instead of staying at its peak; measured,
    speed is the same.

    Args:
        graph: ONNX bytes.
        weights: Content of the file that the graph calls `weights.safetensors`, if it needs one.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False  # shapes differ from call to call
    options.log_severity_level = ERRORS_ONLY
    if weights is not None:
        options.add_external_initializers_from_files_in_memory([WEIGHTS], [weights], [len(weights)])
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def pad(sequences: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Return (rows, longest) int32 token ids, zero where a row has ended, and (rows,) lengths."""
    if len(sequences) == 1:
        return np.array(sequences, np.int32), np.array([len(sequences[0])], np.int32)
    lengths = np.array([len(sequence) for sequence in sequences], np.int32)
    token_ids = np.zeros((len(sequences), lengths.max()), np.int32)
    for row, sequence in zip(token_ids, sequences, strict=True):
        row[: len(sequence)] = sequence
    return token_ids, lengths
