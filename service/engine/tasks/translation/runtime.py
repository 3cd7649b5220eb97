"""A translator's graphs: the encoder fills a memory of fixed length, the decoder steps over it.

The memory is part of each row's state. Since it is as long for a short text as for a long one, a
row's numbers do not depend on its neighbours.
"""

import logging
from collections.abc import Sequence

import numpy as np

from model_store.tasks.translation import TranslationConfig
from service.engine.arrays import Floats, Ints
from service.engine.runtime import open_session, pad, rows_are_independent
from service.engine.stepping import State, join_rows, take_rows

logger = logging.getLogger(__name__)


class TranslatorRuntime:
    """A translator's graphs; the caller keeps the state. See `stepping.StepGraph`.

    The state is the decoder's `hidden [, cell]` (num_layers, rows, hidden_size), then `memory`
    (1, rows, max_source_tokens, hidden_size) and `memory_mask` (1, rows, max_source_tokens).

    Args:
        config: The model's configuration.
        encoder: `model.onnx`.
        decoder: `decoder.onnx`.
        weights: `weights.safetensors`, if the graphs leave their weights there.
    """

    def __init__(
        self, config: TranslationConfig, encoder: bytes, decoder: bytes, *, weights: bytes | None
    ) -> None:
        """Load the graphs."""
        self._encoder = open_session(encoder, weights)
        self._decoder = open_session(decoder, weights)
        self._config = config
        self._kinds = ("hidden", "cell") if config.cell == "lstm" else ("hidden",)
        self._outputs = ["logits", *(f"{kind}_out" for kind in self._kinds), "attention"]
        self._is_batchable = rows_are_independent(config)

    def start_state(self, rows: int) -> State:
        """Return an empty state; `run` makes the real one."""
        config = self._config
        step = (config.num_layers, rows, config.hidden_size)
        places = config.max_source_tokens
        shapes = [step] * len(self._kinds)
        shapes += [(1, rows, places, config.hidden_size), (1, rows, places)]  # type: ignore[list-item]
        return tuple(np.zeros(shape, np.float32) for shape in shapes)

    def run(self, sequences: Sequence[Sequence[int]], state: State) -> tuple[Floats, State]:
        """Read whole sources, and take the step of the begin token; `state` is not looked at."""
        return self.step(np.full(len(sequences), self._config.bos_id), self.encode(sequences))

    def encode(self, sources: Sequence[Sequence[int]]) -> State:
        """Read sources of 1 to `max_source_tokens` tokens; return the state before any step."""
        if self._is_batchable or len(sources) == 1:
            return self._encode(sources)
        return join_rows([self._encode([source]) for source in sources])

    def step(self, token_ids: Ints, state: State) -> tuple[Floats, State]:
        """Feed each row one token; see `stepping.StepGraph`."""
        logits, new_state, _ = self.attend(token_ids, state)
        return logits, new_state

    def attend(self, token_ids: Ints, state: State) -> tuple[Floats, State, Floats]:
        """Step, and tell what was attended to as well: (rows, max_source_tokens)."""
        if self._is_batchable or len(token_ids) == 1:
            return self._step(token_ids, state)
        rows = [
            self._step(token_ids[row : row + 1], take_rows(state, slice(row, row + 1)))
            for row in range(len(token_ids))
        ]
        logits, states, attention = zip(*rows, strict=True)
        return np.concatenate(logits), join_rows(states), np.concatenate(attention)

    def settle_promise(self, sources: Sequence[Sequence[int]]) -> None:
        """Run rows one at a time from now on if on this processor these differ in a batch."""
        if not self._is_batchable:
            return
        together, state = self.run(sources, ())
        for row, source in enumerate(sources):
            alone, own = self.run([source], ())
            parts = zip(take_rows(state, slice(row, row + 1)), own, strict=True)
            if not np.array_equal(together[row], alone[0]) or not all(
                np.array_equal(got, wanted) for got, wanted in parts
            ):
                logger.warning("rows differ in a batch here: they are run one at a time, slowly")
                self._is_batchable = False
                return

    def _encode(self, sources: Sequence[Sequence[int]]) -> State:
        token_ids, lengths = pad(sources)
        names = [*self._kinds, "memory", "memory_mask"]
        *steps, memory, mask = self._encoder.run(
            names, {"token_ids": token_ids, "lengths": lengths}
        )
        return (*steps, memory[None], mask[None])

    def _step(self, token_ids: Ints, state: State) -> tuple[Floats, State, Floats]:
        *steps, memory, mask = state
        feed = {
            "token_ids": token_ids.astype(np.int32)[:, None],
            "memory": memory[0],
            "memory_mask": mask[0],
            **dict(zip(self._kinds, steps, strict=True)),
        }
        logits, *after, attention = self._decoder.run(self._outputs, feed)
        return logits, (*after, memory, mask), attention
