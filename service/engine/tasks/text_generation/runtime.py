"""A language model's graph: token ids and state in, logits of the next token and new state out."""

import logging
from collections.abc import Sequence

import numpy as np

from model_store import GeneratorConfig
from service.engine.arrays import Floats, Ints
from service.engine.runtime import open_session, pad, rows_are_independent
from service.engine.stepping import State, join_rows, take_rows

logger = logging.getLogger(__name__)


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
        """Feed each row its tokens, of any lengths from 1 up; see `step`.

        Where rows differ in a batch they may also differ by how many tokens are read in one call,
        and a text that is read in parts has to end with the same bits: each is read by itself.
        """
        if self._is_batchable:
            return self._run(*pad(sequences), state)
        parts = [slice(row, row + 1) for row in range(len(sequences))]
        results = [
            self._read(sequence, take_rows(state, part))
            for sequence, part in zip(sequences, parts, strict=True)
        ]
        return np.concatenate([logits for logits, _ in results]), join_rows([s for _, s in results])

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
        return self.run(ids.tolist(), state)

    def _read(self, sequence: Sequence[int], state: State) -> tuple[Floats, State]:
        for token_id in sequence:
            logits, state = self._run(np.array([[token_id]], np.int32), self._ones[:1], state)
        return logits, state

    def _run(self, token_ids: Ints, lengths: Ints, state: State) -> tuple[Floats, State]:
        feed = dict(zip(self._names, state, strict=True))
        inputs = {"token_ids": token_ids, "lengths": lengths, **feed}
        logits, *new_state = self._model.run(self._outputs, inputs)
        return logits, tuple(new_state)
