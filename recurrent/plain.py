"""The engine in numpy: the same whole numbers and the same floats, step by step.

It runs where nothing was compiled, and it is what the compiled paths are held against: every sum,
product and quotient below is taken in the same order as there, so answers have the same bits.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from recurrent.batching import Batch
from recurrent.packing import LARGEST, WIDTH, ZERO_POINT, Floats, UnsignedBytes, unpack
from recurrent.weights import NUM_GATES, Matrix, Network

LOG2_E = np.float32(1.44269504)
STATE_STEPS = np.float32(LARGEST)
OF_STATE = np.float32(1) / STATE_STEPS
POLYNOMIAL = tuple(
    map(np.float32, (1.3381302e-3, 9.666368e-3, 5.550381e-2, 2.402235e-1, 6.931472e-1, 1.0))
)
START, END, TINY = 1, 2, np.float32(1e-6)
ONE = np.float32(1)

Places = NDArray[np.int64]


def power_of_2(x: Floats) -> Floats:
    """Return 2 to the power of x, in [-126, 126]; see `kernels/floats.h`."""
    whole = np.rint(x)
    fraction = x - whole
    value = np.full_like(x, POLYNOMIAL[0])
    for coefficient in POLYNOMIAL[1:]:
        value = value * fraction + coefficient
    return value * ((whole.astype(np.int32) + 127) << 23).view(np.float32)


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + e^-x)."""
    return ONE / (ONE + power_of_2(np.clip(x, np.float32(-40), np.float32(40)) * -LOG2_E))


def hyperbolic_tangent(x: Floats) -> Floats:
    """Return (1 - e^-2x) / (1 + e^-2x)."""
    t = power_of_2(np.clip(x, np.float32(-20), np.float32(20)) * (np.float32(-2) * LOG2_E))
    return (ONE - t) / (ONE + t)


def rounded(state: Floats) -> UnsignedBytes:
    """Return a state as the input of the next product."""
    shifted: Floats = np.rint(state * STATE_STEPS) + ZERO_POINT
    return shifted.astype(np.uint8)


class _Product:
    """A matrix whose products are exact: sums of whole numbers far below 2^53."""

    def __init__(self, matrix: Matrix) -> None:
        self._weights = unpack(matrix.packed).T.astype(np.float64)  # (inputs, outputs)
        self._scales, self._bias = matrix.scales, matrix.bias

    def of(self, inputs: UnsignedBytes, scales: Floats | np.float32) -> Floats:
        """Return (rows, outputs) for (rows, inputs) of which one is worth `scales`, (rows, 1)."""
        sums = (inputs.astype(np.float64) - ZERO_POINT) @ self._weights
        return (sums.astype(np.float32) * self._scales) * scales + self._bias


class PlainNetwork:
    """Recurrent layers in numpy.

    Args:
        network: What is run.
    """

    def __init__(self, network: Network) -> None:
        """Unpack the weights."""
        self._network = network
        self._layers = [
            [(_Product(inputs), _Product(hidden)) for inputs, hidden in layer]
            for layer in network.layers
        ]

    def run(self, batch: Batch) -> Iterator[tuple[int, int, Floats]]:
        """Run all layers; yield the last one's direction, step and states (active rows, units).

        The batch's states are overwritten.
        """
        vectors, scales = self._embed(batch)
        for layer, directions in enumerate(self._layers):
            outputs = np.zeros((len(batch.token_ids), self._network.width), np.uint8)
            for direction in range(len(directions)):
                for step, places, state in self._run_direction(
                    batch, (vectors, scales), layer=layer, direction=direction
                ):
                    first = direction * self._network.units
                    outputs[places, first : first + self._network.units] = rounded(state)
                    if layer == len(self._layers) - 1:
                        yield direction, step, state
            vectors, scales = outputs, np.full((len(outputs), 1), OF_STATE)
        self.outputs = vectors

    def _embed(self, batch: Batch) -> tuple[UnsignedBytes, Floats]:
        network = self._network
        embedding = network.embedding
        if embedding is None:
            assert network.decoder is not None, "a network has one of the two"
            whole = unpack(network.decoder.packed)[batch.token_ids]
            vectors = (whole.astype(np.int16) + ZERO_POINT).astype(np.uint8)
        else:
            vectors = embedding[batch.token_ids]
        return vectors, network.embedding_scales[batch.token_ids][:, None]

    def _run_direction(
        self,
        batch: Batch,
        inputs: tuple[UnsignedBytes, Floats],
        *,
        layer: int,
        direction: int,
    ) -> Iterator[tuple[int, Places, Floats]]:
        """Yield each step, where its outputs belong, and the states after it."""
        vectors, scales = inputs
        starts = np.concatenate([[0], np.cumsum(batch.active)])
        of_inputs, of_hidden = self._layers[layer][direction]
        hidden, cell = batch.hidden[layer, direction], batch.cell[layer, direction]
        from_inputs = of_inputs.of(vectors, scales)
        for step, active in enumerate(batch.active):
            rows = np.arange(active)
            place = batch.lengths[:active] - 1 - step if direction else step
            places = starts[place] + rows
            gates = from_inputs[places], of_hidden.of(rounded(hidden[:active]), OF_STATE)
            hidden[:active], cell[:active] = self._step(gates, hidden[:active], cell[:active])
            yield step, places, hidden[:active].copy()

    def _step(
        self, gates: tuple[Floats, Floats], hidden: Floats, cell: Floats
    ) -> tuple[Floats, Floats]:
        """Return the next state; see `kernels/cells.h`."""
        kind = self._network.cell
        of_input, of_hidden = (self._by_gate(one, NUM_GATES[kind]) for one in gates)
        if kind == "rnn":
            return hyperbolic_tangent(of_input[0] + of_hidden[0]), cell
        if kind == "gru":
            reset, update = (sigmoid(of_input[gate] + of_hidden[gate]) for gate in (0, 1))
            candidate = hyperbolic_tangent(of_input[2] + reset * of_hidden[2])
            return (ONE - update) * candidate + update * hidden, cell
        write, forget, candidate, output = (of_input[gate] + of_hidden[gate] for gate in range(4))
        cell = sigmoid(forget) * cell + sigmoid(write) * hyperbolic_tangent(candidate)
        return sigmoid(output) * hyperbolic_tangent(cell), cell

    def _by_gate(self, values: Floats, num_gates: int) -> Floats:
        blocks = values.reshape(len(values), -1, num_gates, WIDTH)
        return blocks.transpose(2, 0, 1, 3).reshape(num_gates, len(values), -1)


class PlainPredictor:
    """A language model in numpy; see `engine.PredictorEngine`.

    Args:
        network: What is run; it has a decoder.
    """

    def __init__(self, network: Network) -> None:
        """Unpack the weights."""
        assert network.decoder is not None
        self._network = PlainNetwork(network)
        self._decoder = _Product(network.decoder)

    def predict(self, batch: Batch, logits: Floats, *, is_each: bool) -> None:
        """Read a batch; see `engine.PredictorEngine`."""
        for _ in self._network.run(batch):
            pass
        states = self._network.outputs if is_each else rounded(batch.hidden[-1, 0])
        logits[:] = self._decoder.of(states, OF_STATE)
