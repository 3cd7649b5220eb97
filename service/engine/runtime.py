"""ONNX Runtime sessions behind numpy: token ids in, probabilities or logits and state out.

The only module that runs a graph. One thread per session: a worker process has one core, and one
thread gives the same bits every time. A row must not depend on its batch; models whose graphs do
not keep that promise are run one row at a time (`rows_are_independent`).
"""

import logging
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from model_store import ClassifierConfig, GeneratorConfig, RecurrentConfig
from model_store.onnx_runtime import ort
from service.engine.arrays import Floats, Ints

logger = logging.getLogger(__name__)

State = tuple[Floats, ...]
"""One array for each state of the cell, (num_layers, rows, hidden_size)."""

WEIGHTS = "weights.safetensors"
ERRORS_ONLY = 3  # ONNX Runtime's log level


class ClassifierGraph(Protocol):
    """What `Classifier` needs of a runtime."""

    def probs(self, sequences: Sequence[Sequence[int]]) -> Floats:
        """Return (rows, num_classes) probabilities of sequences of any lengths from 1 up."""

    def trajectory(self, token_ids: Sequence[int]) -> Floats:
        """Return (tokens, num_classes) probabilities after each token of one sequence."""


class GeneratorGraph(Protocol):
    """What `Generator` needs of a runtime."""

    def start_state(self, rows: int) -> State:
        """Return the state before the first token."""

    def run(self, sequences: Sequence[Sequence[int]], state: State) -> tuple[Floats, State]:
        """Feed each row its tokens, of any lengths from 1 up; see `step`."""

    def step(self, token_ids: Ints, state: State) -> tuple[Floats, State]:
        """Feed each row one token.

        Args:
            token_ids: (rows,).
            state: Where the rows are; not changed.

        Returns:
            (rows, vocab_size) logits of the next token, and the new state.
        """


def rows_are_independent(config: RecurrentConfig) -> bool:
    """Whether a row's result has the same bits in every batch.

    Measured for fp32 LSTM and GRU. The plain RNN operator differs in the last bits, and int8
    scales its activations by what else is in the batch.
    """
    return config.cell != "rnn" and config.precision == "fp32"


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


class ClassifierRuntime:
    """A classifier's graphs.

    Args:
        config: The model's configuration.
        model: `model.onnx`.
        head: `head.onnx`, from pooled states to probabilities, if the model has one.
        weights: `weights.safetensors`, if the graphs leave their weights there.
    """

    def __init__(
        self,
        config: ClassifierConfig,
        model: bytes,
        *,
        head: bytes | None = None,
        weights: bytes | None = None,
    ) -> None:
        """Load the graphs."""
        self._model = open_session(model, weights)
        self._head = None if head is None else open_session(head, weights)
        self._pooling = config.pooling
        self._is_batchable = rows_are_independent(config)

    def probs(self, sequences: Sequence[Sequence[int]]) -> Floats:
        """Return (rows, num_classes) probabilities of sequences of any lengths from 1 up."""
        if self._is_batchable or len(sequences) == 1:
            return self._probs(sequences)
        return np.concatenate([self._probs([sequence]) for sequence in sequences])

    def _probs(self, sequences: Sequence[Sequence[int]]) -> Floats:
        token_ids, lengths = pad(sequences)
        probs: Floats = self._model.run(["probs"], {"token_ids": token_ids, "lengths": lengths})[0]
        return probs

    def settle_promise(self, sequences: Sequence[Sequence[int]]) -> None:
        """Run rows one at a time from now on if on this processor these differ in a batch."""
        alone = np.concatenate([self._probs([sequence]) for sequence in sequences])
        if self._is_batchable and not np.array_equal(self._probs(sequences), alone):
            logger.warning("rows differ in a batch here: they are run one at a time, slowly")
            self._is_batchable = False

    def trajectory(self, token_ids: Sequence[int]) -> Floats:
        """Return (tokens, num_classes) probabilities after each token of one sequence.

        One pass gives the hidden states; what the head would have seen after each token are the
        running last, max and mean of them.

        Raises:
            ValueError: If the model reads in both directions and so has no such states.
        """
        if self._head is None:
            raise ValueError("a bidirectional model has no probabilities after each token")
        ids, lengths = pad([token_ids])
        feed = {"token_ids": ids, "lengths": lengths}
        hidden_states: Floats = self._model.run(["hidden_states"], feed)[0][0]
        pooled = self._pool_each(hidden_states)
        probs: Floats = self._head.run(["probs"], {"pooled": pooled})[0]
        return probs

    def _pool_each(self, hidden_states: Floats) -> Floats:
        if self._pooling == "last":
            return hidden_states
        highest = np.maximum.accumulate(hidden_states, axis=0)
        counts = np.arange(1, len(hidden_states) + 1)[:, None]
        mean = hidden_states.cumsum(axis=0, dtype=np.float64) / counts
        return np.concatenate([hidden_states, highest, mean.astype(np.float32)], axis=1)


class GeneratorRuntime:
    """A generator's graph; the caller keeps the state.

    Args:
        config: The model's configuration.
        model: `model.onnx`.
        weights: `weights.safetensors`, if the graph leaves its weights there.
    """

    def __init__(
        self, config: GeneratorConfig, model: bytes, *, weights: bytes | None = None
    ) -> None:
        """Load the graph."""
        self._model = open_session(model, weights)
        self._names = ("hidden", "cell") if config.cell == "lstm" else ("hidden",)
        self._outputs = ["logits", *(f"{name}_out" for name in self._names)]
        self._state_shape = (config.num_layers, config.hidden_size)
        self._is_batchable = rows_are_independent(config)
        self._ones = np.ones(1, np.int32)

    def start_state(self, rows: int) -> State:
        """Return the state before the first token: zeros."""
        num_layers, hidden_size = self._state_shape
        shape = (num_layers, rows, hidden_size)
        return tuple(np.zeros(shape, np.float32) for _ in self._names)

    def run(self, sequences: Sequence[Sequence[int]], state: State) -> tuple[Floats, State]:
        """Feed each row its tokens, of any lengths from 1 up; see `step`."""
        if self._is_batchable or len(sequences) == 1:
            return self._run(*pad(sequences), state)
        return self._one_by_one([pad([sequence]) for sequence in sequences], state)

    def settle_promise(self, sequences: Sequence[Sequence[int]]) -> None:
        """Run rows one at a time from now on if on this processor these differ in a batch."""
        start = self.start_state(1)
        alone = [self._run(*pad([sequence]), start) for sequence in sequences]
        if self._is_batchable:
            logits, state = self._run(*pad(sequences), self.start_state(len(sequences)))
            expected = np.concatenate([logits for logits, _ in alone])
            states = zip(state, join_rows([state for _, state in alone]), strict=True)
            if not np.array_equal(logits, expected) or not all(
                np.array_equal(got, wanted) for got, wanted in states
            ):
                logger.warning("rows differ in a batch here: they are run one at a time, slowly")
                self._is_batchable = False

    def step(self, token_ids: Ints, state: State) -> tuple[Floats, State]:
        """Feed each row one token.

        Args:
            token_ids: (rows,).
            state: Where the rows are; not changed.

        Returns:
            (rows, vocab_size) logits of the next token, and the new state.
        """
        ids = token_ids.astype(np.int32)[:, None]
        if len(self._ones) != len(ids):
            self._ones = np.ones(len(ids), np.int32)
        if self._is_batchable or len(ids) == 1:
            return self._run(ids, self._ones, state)
        return self._one_by_one([(row[None], self._ones[:1]) for row in ids], state)

    def _run(self, token_ids: Ints, lengths: Ints, state: State) -> tuple[Floats, State]:
        feed = dict(zip(self._names, state, strict=True))
        inputs = {"token_ids": token_ids, "lengths": lengths, **feed}
        logits, *new_state = self._model.run(self._outputs, inputs)
        return logits, tuple(new_state)

    def _one_by_one(self, rows: Sequence[tuple[Ints, Ints]], state: State) -> tuple[Floats, State]:
        results = [
            self._run(*feed, take_rows(state, slice(row, row + 1))) for row, feed in enumerate(rows)
        ]
        logits = np.concatenate([logits for logits, _ in results])
        return logits, join_rows([new_state for _, new_state in results])


def take_rows(state: State, rows: slice | Ints) -> State:
    """Return the state of some rows, as contiguous copies."""
    if isinstance(rows, slice):
        return tuple(np.ascontiguousarray(part[:, rows]) for part in state)
    return tuple(part.take(rows, axis=1) for part in state)


def join_rows(states: Sequence[State]) -> State:
    """Return one state of all rows in order."""
    if len(states) == 1:
        return states[0]
    return tuple(np.concatenate(parts, axis=1) for parts in zip(*states, strict=True))
