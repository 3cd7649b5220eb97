"""The graph of a classifier of numbers: arrays in, probabilities out."""

import logging
from collections.abc import Sequence

import numpy as np

from model_store import RecurrentConfig, TaskConfig
from service.engine.arrays import Floats
from service.engine.runtime import open_session, rows_are_independent

logger = logging.getLogger(__name__)


class NumberRuntime:
    """A graph that takes sequences of rows, or inputs of a fixed size.

    Args:
        config: The model's configuration.
        model: `model.onnx`.
        weights: `weights.safetensors`, if the graph leaves its weights there.
    """

    def __init__(self, config: TaskConfig, model: bytes, *, weights: bytes | None) -> None:
        """Load the graph."""
        self._model = open_session(model, weights)
        self._is_sequence = isinstance(config, RecurrentConfig)
        self._is_batchable = not isinstance(config, RecurrentConfig) or rows_are_independent(config)

    def probs(self, inputs: Sequence[Floats]) -> Floats:
        """Return (inputs, num_classes) probabilities of float32 arrays (rows, num_features)."""
        if self._is_batchable or len(inputs) == 1:
            return self._probs(inputs)
        return np.concatenate([self._probs([one]) for one in inputs])

    def settle_promise(self, inputs: Sequence[Floats]) -> None:
        """Run inputs one at a time from now on if on this processor these differ in a batch."""
        alone = np.concatenate([self._probs([one]) for one in inputs])
        if self._is_batchable and not np.array_equal(self._probs(inputs), alone):
            logger.warning("rows differ in a batch here: they are run one at a time, slowly")
            self._is_batchable = False

    def _probs(self, inputs: Sequence[Floats]) -> Floats:
        if not self._is_sequence:
            probs: Floats = self._model.run(["probs"], {"values": np.concatenate(inputs)})[0]
            return probs
        lengths = np.array([len(one) for one in inputs], np.int32)
        values = np.zeros((len(inputs), lengths.max(), inputs[0].shape[1]), np.float32)
        for row, one in zip(values, inputs, strict=True):
            row[: len(one)] = one
        feed = {"values": values, "lengths": lengths}
        padded: Floats = self._model.run(["probs"], feed)[0]
        return padded
