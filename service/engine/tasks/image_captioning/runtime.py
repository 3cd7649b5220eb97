"""A captioner's graphs: an image gives the state that the decoder goes on from."""

import logging
from collections.abc import Sequence

import numpy as np

from model_store.tasks.image_captioning import CaptionerConfig
from service.engine.arrays import Floats, Ints
from service.engine.runtime import open_session, rows_are_independent
from service.engine.stepping import State, join_rows, take_rows

logger = logging.getLogger(__name__)


class CaptionerRuntime:
    """A captioner's graphs; the caller keeps the state. See `stepping.StepGraph`.

    What it reads in the place of a token is a whole image, an array (num_features,).

    Args:
        config: The model's configuration.
        reader: `model.onnx`.
        decoder: `decoder.onnx`.
        weights: `weights.safetensors`, if the graphs leave their weights there.
    """

    def __init__(
        self, config: CaptionerConfig, reader: bytes, decoder: bytes, *, weights: bytes | None
    ) -> None:
        """Load the graphs."""
        self._reader = open_session(reader, weights)
        self._decoder = open_session(decoder, weights)
        self._config = config
        self._kinds = ("hidden", "cell") if config.cell == "lstm" else ("hidden",)
        self._is_batchable = rows_are_independent(config)

    def start_state(self, rows: int) -> State:
        """Return an empty state; `run` makes the real one."""
        shape = (self._config.num_layers, rows, self._config.hidden_size)
        return tuple(np.zeros(shape, np.float32) for _ in self._kinds)

    def run(self, sequences: Sequence[Sequence[Floats]], state: State) -> tuple[Floats, State]:
        """Read the one image of each row, then the begin token; `state` is not looked at."""
        images = np.stack([image for [image] in sequences])
        return self.step(np.full(len(images), self._config.bos_id), self._read(images))

    def step(self, token_ids: Ints, state: State) -> tuple[Floats, State]:
        """Feed each row one token; see `stepping.StepGraph`."""
        if self._is_batchable or len(token_ids) == 1:
            return self._step(token_ids, state)
        rows = [
            self._step(token_ids[row : row + 1], take_rows(state, slice(row, row + 1)))
            for row in range(len(token_ids))
        ]
        return np.concatenate([logits for logits, _ in rows]), join_rows([one for _, one in rows])

    def settle_promise(self, images: Sequence[Floats]) -> None:
        """Run rows one at a time from now on if on this processor these differ in a batch."""
        together, _ = self.run([[image] for image in images], ())
        alone = np.concatenate([self.run([[image]], ())[0] for image in images])
        if self._is_batchable and not np.array_equal(together, alone):
            logger.warning("rows differ in a batch here: they are run one at a time, slowly")
            self._is_batchable = False

    def _read(self, images: Floats) -> State:
        if self._is_batchable or len(images) == 1:
            return tuple(self._reader.run(list(self._kinds), {"values": images}))
        return join_rows([self._read(image[None]) for image in images])

    def _step(self, token_ids: Ints, state: State) -> tuple[Floats, State]:
        feed = {
            "token_ids": token_ids.astype(np.int32)[:, None],
            "lengths": np.ones(len(token_ids), np.int32),
            **dict(zip(self._kinds, state, strict=True)),
        }
        names = ["logits", *(f"{kind}_out" for kind in self._kinds)]
        logits, *after = self._decoder.run(names, feed)
        return logits, tuple(after)
