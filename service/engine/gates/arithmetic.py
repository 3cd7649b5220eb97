"""In what numbers a layer is worked out: in floats as graphs do, or as the 8-bit engine does."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from recurrent import plain
from service.engine.arrays import Floats


class CellWeights(NamedTuple):
    """The four arrays of one layer in one direction, float32."""

    weight_ih: Floats
    weight_hh: Floats
    bias_ih: Floats
    bias_hh: Floats


class Curves(NamedTuple):
    """The two functions that gates and candidates are made with."""

    sigmoid: Callable[[Floats], Floats]
    tanh: Callable[[Floats], Floats]


class Arithmetic(Protocol):
    """One layer's products in one direction, with its biases."""

    weights: CellWeights
    curves: Curves

    def of_inputs(self, inputs: Floats, scales: Floats | None = None) -> Floats:
        """Return (steps, gates * hidden_size) of inputs (steps, input_size).

        `scales` (steps, 1) are what one step of each input in 8 bits is worth; None for states.
        """

    def of_hidden(self, hidden: Floats) -> Floats:
        """Return (gates * hidden_size,) of a state (hidden_size,)."""


def sigmoid(sums: Floats) -> Floats:
    """Return the logistic function of `sums`, by a form that cannot overflow."""
    values: Floats = 0.5 + 0.5 * np.tanh(0.5 * sums)
    return values


class InFloats:
    """As the graphs do; see `Arithmetic`."""

    curves = Curves(sigmoid, np.tanh)

    def __init__(self, weights: CellWeights) -> None:
        """Remember the weights."""
        self.weights = weights

    def of_inputs(self, inputs: Floats, scales: Floats | None = None) -> Floats:
        """See `Arithmetic`."""
        sums: Floats = inputs @ self.weights.weight_ih.T + self.weights.bias_ih
        return sums

    def of_hidden(self, hidden: Floats) -> Floats:
        """See `Arithmetic`."""
        sums: Floats = self.weights.weight_hh @ hidden + self.weights.bias_hh
        return sums


class In8Bits:
    """To the last bit as the recurrent engine does; see `Arithmetic` and `recurrent.plain`.

    Args:
        weights: What the weights in 8 bits are worth.
        scales: What one step of each row of `weight_ih`, and of `weight_hh`, is worth.
    """

    curves = Curves(plain.sigmoid, plain.hyperbolic_tangent)

    def __init__(self, weights: CellWeights, scales: tuple[Floats, Floats]) -> None:
        """Find the whole numbers again."""
        self.weights = weights
        self._scales = scales
        matrices = (weights.weight_ih, weights.weight_hh)
        self._whole = [
            np.rint(matrix / own[:, None]).astype(np.float64).T
            for matrix, own in zip(matrices, scales, strict=True)
        ]

    def of_inputs(self, inputs: Floats, scales: Floats | None = None) -> Floats:
        """See `Arithmetic`."""
        if scales is None:
            return self._product(0, np.rint(inputs * plain.STATE_STEPS), plain.OF_STATE)
        return self._product(0, np.rint(inputs / scales), scales)

    def of_hidden(self, hidden: Floats) -> Floats:
        """See `Arithmetic`."""
        return self._product(1, np.rint(hidden * plain.STATE_STEPS), plain.OF_STATE)

    def _product(self, place: int, whole: Floats, scales: Floats | np.float32) -> Floats:
        sums = (whole.astype(np.float64) @ self._whole[place]).astype(np.float32)
        return (sums * self._scales[place]) * scales + self.weights[2 + place]
