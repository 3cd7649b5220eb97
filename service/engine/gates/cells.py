"""What goes on inside each recurrent cell: the plain equations, with all that they pass through.

The equations are those of the served graphs (ONNX's LSTM, GRU with `linear_before_reset`, RNN), on
weights in torch's layout: `weight_ih (gates * hidden_size, input_size)`, `weight_hh (gates *
hidden_size, hidden_size)`, the gates in the order of `GATES`. Slower than a graph, and meant to be
read. The same module has their derivatives, which tell what each unit did to an answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from service.engine.arrays import Floats
from service.engine.gates.arithmetic import Arithmetic, CellWeights, Curves

GATES: Mapping[str, tuple[str, ...]] = {
    "rnn": ("hidden",),
    "lstm": ("input", "forget", "candidate", "output"),
    "gru": ("reset", "update", "candidate"),
}
"""What a cell makes of a sum of what comes from its input and from its state, in torch's order."""

QUANTITIES: Mapping[str, tuple[str, ...]] = {
    "rnn": ("hidden",),
    "lstm": (*GATES["lstm"], "cell", "hidden"),
    "gru": (*GATES["gru"], "hidden"),
}
"""All that a cell has inside, in the order of `Trace.values`."""

STRETCH = 32  # steps between two calls of `give_way`; 3 ms of an LSTM 256

State = tuple[Floats, ...]
"""`(hidden,)`, for an LSTM `(hidden, cell)`; each (hidden_size,)."""

GiveWay = Callable[[], None]
"""Called between stretches of work: lets others run, and raises if nobody waits any more."""


@dataclass(frozen=True, eq=False, slots=True)
class Trace:
    """One layer's reading of one text in one direction; steps stand in the order of reading.

    Args:
        cell: "rnn", "lstm" or "gru".
        weights: The layer's.
        start: The state before the first step.
        from_input: (steps, gates, hidden_size), what the input adds to each gate's sum.
        from_hidden: The same of the state before.
        values: (quantities, steps, hidden_size), in the order of `QUANTITIES`.
    """

    cell: str
    weights: CellWeights
    start: State
    from_input: Floats
    from_hidden: Floats
    values: Floats

    @property
    def hidden(self) -> Floats:
        """Hidden states (steps, hidden_size)."""
        states: Floats = self.values[-1]
        return states

    def before(self, place: int) -> Floats:
        """Return the states (steps, hidden_size) before each step, of the quantity in a place."""
        own = self.start[0 if place == len(self.values) - 1 else 1]
        return np.concatenate([own[None], self.values[place][:-1]])


def rnn_step(
    from_input: Floats, from_hidden: Floats, state: State, curves: Curves
) -> tuple[Floats, ...]:
    """Elman's cell: h' = tanh(W_ih x + b_ih + W_hh h + b_hh) (Elman 1990)."""
    return (curves.tanh(from_input[0] + from_hidden[0]),)


def lstm_step(
    from_input: Floats, from_hidden: Floats, state: State, curves: Curves
) -> tuple[Floats, ...]:
    """Long short-term memory (Hochreiter and Schmidhuber 1997, forget gate of Gers et al. 2000).

    c' = f * c + i * g,  h' = o * tanh(c').
    """
    sums = from_input + from_hidden
    write, forget, output = (curves.sigmoid(sums[gate]) for gate in (0, 1, 3))
    candidate = curves.tanh(sums[2])
    cell = forget * state[1] + write * candidate
    return write, forget, candidate, output, cell, output * curves.tanh(cell)


def gru_step(
    from_input: Floats, from_hidden: Floats, state: State, curves: Curves
) -> tuple[Floats, ...]:
    """Gated recurrent unit (Cho et al. 2014), reset applied after the product as in cuDNN.

    n = tanh(W_in x + b_in + r * (W_hn h + b_hn)),  h' = (1 - z) * n + z * h.
    """
    reset, update = (curves.sigmoid(from_input[gate] + from_hidden[gate]) for gate in (0, 1))
    candidate = curves.tanh(from_input[2] + reset * from_hidden[2])
    return reset, update, candidate, (1 - update) * candidate + update * state[0]


STEPS: Mapping[str, Callable[[Floats, Floats, State, Curves], tuple[Floats, ...]]] = {
    "rnn": rnn_step,
    "lstm": lstm_step,
    "gru": gru_step,
}


def read(
    cell: str, sums: Floats, state: State, *, arithmetic: Arithmetic, give_way: GiveWay
) -> Trace:
    """Run one layer over a text, a step at a time, and keep all of it.

    Args:
        cell: "rnn", "lstm" or "gru".
        sums: (steps, gates * hidden_size), what the inputs add to the gates.
        state: State before the first step.
        arithmetic: The layer's weights, and in what numbers they are multiplied.
        give_way: Called every `STRETCH` steps.
    """
    num_steps, num_gates = len(sums), len(GATES[cell])
    shape = (num_steps, num_gates, len(state[0]))
    trace = Trace(
        *(cell, arithmetic.weights, state),
        from_input=sums.reshape(shape),
        from_hidden=np.empty(shape, np.float32),
        values=np.empty((len(QUANTITIES[cell]), num_steps, shape[-1]), np.float32),
    )
    for step in range(num_steps):
        if step % STRETCH == 0:
            give_way()
        from_hidden = arithmetic.of_hidden(state[0]).reshape(shape[1:])
        inside = STEPS[cell](trace.from_input[step], from_hidden, state, arithmetic.curves)
        trace.from_hidden[step] = from_hidden
        trace.values[:, step] = inside
        state = (inside[-1], inside[-2]) if cell == "lstm" else (inside[-1],)
    return trace


class Gradients(NamedTuple):
    """Derivatives of a score.

    Args:
        hidden: (steps, hidden_size), by the hidden state after each step, with all that it does to
            later steps.
        inputs: (steps, input_size), by what the layer reads.
    """

    hidden: Floats
    inputs: Floats


def backward(trace: Trace, from_above: Floats, give_way: GiveWay) -> Gradients:
    """Go back through time over a trace (Werbos 1990).

    Args:
        trace: What was read.
        from_above: (steps, hidden_size), the score's derivative by each hidden state, by way of
            what stands above the layer alone.
        give_way: Called every `STRETCH` steps.
    """
    steps = {"rnn": _rnn_back, "lstm": _lstm_back, "gru": _gru_back}[trace.cell](trace)
    weights = trace.weights
    total = np.empty_like(from_above)
    of_sums = np.empty_like(trace.from_input)
    later: Floats = np.zeros(from_above.shape[1], np.float32)
    for step in range(len(total) - 1, -1, -1):
        if step % STRETCH == 0:
            give_way()
        total[step] = from_above[step] + later
        of_sums[step], of_hidden, straight = steps(step, total[step])
        later = of_hidden.reshape(-1) @ weights.weight_hh + straight
    return Gradients(total, of_sums.reshape(-1, len(weights.weight_ih)) @ weights.weight_ih)


StepBack = Callable[[int, Floats], tuple[Floats, Floats, Floats | float]]
"""From a step and the derivative by its hidden state to those by the sums from the input and from
the state (gates, hidden_size), and what goes straight to the hidden state before."""


def _rnn_back(trace: Trace) -> StepBack:
    slope = 1 - trace.hidden**2

    def step_back(step: int, of_hidden: Floats) -> tuple[Floats, Floats, float]:
        of_sums = (of_hidden * slope[step])[None]
        return of_sums, of_sums, 0.0

    return step_back


def _lstm_back(trace: Trace) -> StepBack:
    write, forget, candidate, output, cell, _ = trace.values
    bent, before = np.tanh(cell), trace.before(4)
    factors = np.stack(
        [
            candidate * write * (1 - write),
            before * forget * (1 - forget),
            write * (1 - candidate**2),
        ],
        axis=1,
    )
    of_cell: Floats = np.zeros(cell.shape[1], np.float32)

    def step_back(step: int, of_hidden: Floats) -> tuple[Floats, Floats, float]:
        nonlocal of_cell
        of_cell = of_cell + of_hidden * output[step] * (1 - bent[step] ** 2)
        of_output = of_hidden * bent[step] * output[step] * (1 - output[step])
        of_sums = np.concatenate([factors[step] * of_cell, of_output[None]])
        of_cell = of_cell * forget[step]
        return of_sums, of_sums, 0.0

    return step_back


def _gru_back(trace: Trace) -> StepBack:
    reset, update, candidate, _ = trace.values
    before, from_hidden = trace.before(3), trace.from_hidden[:, 2]

    def step_back(step: int, of_hidden: Floats) -> tuple[Floats, Floats, Floats]:
        r, z, n = reset[step], update[step], candidate[step]
        of_candidate = of_hidden * (1 - z) * (1 - n**2)
        of_reset = of_candidate * from_hidden[step] * r * (1 - r)
        of_update = of_hidden * (before[step] - n) * z * (1 - z)
        return (
            np.stack([of_reset, of_update, of_candidate]),
            np.stack([of_reset, of_update, of_candidate * r]),
            of_hidden * z,
        )

    return step_back
