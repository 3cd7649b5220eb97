"""A language model in 8 bits: token ids and states in, logits and states out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recurrent.batching import Batch, lay_out, longest_first
from recurrent.engine import AUTO, open_predictor
from recurrent.packing import Floats
from recurrent.weights import Network

State = tuple[Floats, ...]
"""`(hidden,)`, for an LSTM `(hidden, cell)`; each (num_layers, rows, units)."""


class LanguageModel:
    """A language model, ready to read; threads may share it.

    Args:
        network: Its weights.
        vocab_size: Tokens that it knows.
        path: See `engine.chosen_path`.

    Raises:
        ValueError: If this machine has no such path.
    """

    def __init__(self, network: Network, vocab_size: int, path: str = AUTO) -> None:
        """Open the engine."""
        assert network.decoder is not None, "a language model has a decoder"
        self._engine = open_predictor(network, path)
        self._num_logits = network.decoder.num_outputs
        self._vocab_size = vocab_size
        self._network = network

    def start_state(self, rows: int) -> State:
        """Return the state before the first token: zeros."""
        shape = (len(self._network.layers), rows, self._network.units)
        return tuple(
            np.zeros(shape, np.float32) for _ in range(2 if self._network.cell == "lstm" else 1)
        )

    def run(self, sequences: Sequence[Sequence[int]], state: State) -> tuple[Floats, State]:
        """Feed each row its tokens, of any lengths from 1 up.

        Args:
            sequences: Token ids.
            state: Where the rows are; not changed.

        Returns:
            (rows, vocab_size) logits of the next token, and the new state. They have the bits that
            a row has when it is read alone, at once or in parts.

        Raises:
            MemoryError: If there is not enough of it.
        """
        order = longest_first(sequences)
        parts = [part.take(order, axis=1) for part in state]
        batch = self._batch(*lay_out([sequences[place] for place in order]), parts)
        logits = self._predict(batch, len(order), is_each=False)
        back = np.argsort(order)
        return logits[back], tuple(part.take(back, axis=1) for part in parts)

    def step(self, token_ids: NDArray[np.integer], state: State) -> tuple[Floats, State]:
        """Feed each row one token (rows,); see `run`."""
        rows = len(token_ids)
        parts = [part.copy() for part in state]
        ones = np.ones(rows, np.int32)
        batch = self._batch(token_ids.astype(np.int32), np.array([rows], np.int32), ones, parts)
        return self._predict(batch, rows, is_each=False), tuple(parts)

    def each(self, token_ids: Sequence[int], state: State) -> tuple[Floats, State]:
        """Feed one row its tokens; return (tokens, vocab_size) logits after each of them."""
        parts = [part.copy() for part in state]
        batch = self._batch(*lay_out([token_ids]), parts)
        return self._predict(batch, len(token_ids), is_each=True), tuple(parts)

    def _batch(
        self,
        token_ids: NDArray[np.int32],
        active: NDArray[np.int32],
        lengths: NDArray[np.int32],
        parts: Sequence[Floats],
    ) -> Batch:
        hidden, cell = parts[0][:, None], parts[-1][:, None]  # one direction
        return Batch(token_ids, active, lengths, hidden, cell)

    def _predict(self, batch: Batch, rows: int, *, is_each: bool) -> Floats:
        logits = np.empty((rows, self._num_logits), np.float32)
        self._engine.predict(batch, logits, is_each=is_each)
        return logits[:, : self._vocab_size]
