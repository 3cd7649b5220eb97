"""A `state_dict` and its layout as a `network`."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from model_store.config import Cell
from model_store.importing.functions import IN_CELLS
from model_store.importing.network import (
    RELU,
    TANH,
    Activate,
    Activation,
    Array,
    Direction,
    Embed,
    Linear,
    Network,
    Normalize,
    Operation,
    Pool,
    Recurrent,
    Scale,
    Step,
)
from model_store.importing.pytorch.layout import Layout
from model_store.importing.pytorch.pickled import read_pickled
from model_store.importing.pytorch.storages import SAVE_STATE
from model_store.importing.reference import FUNCTIONS
from model_store.importing.refused import Refused

CELL_BY_GATES: Mapping[int, Cell] = {4: "lstm", 3: "gru", 1: "rnn"}
NO_WEIGHTS = ("num_batches_tracked",)
SAY = "Name its module in the layout, or in `ignore` if the answer does not need it"


def read_pytorch(path: Path, layout: Layout) -> tuple[Network, str]:
    """Read a `.safetensors` or `.pt` file; return its network and what wrote it.

    Raises:
        Refused: If it cannot be imported.
        OSError: If it cannot be read.
    """
    if path.suffix.lower() == ".safetensors":
        try:
            tensors = load(path.read_bytes())
        except (SafetensorError, ValueError, KeyError) as exc:
            raise Refused(path.name, f"it is no safetensors file ({exc})", SAVE_STATE) from exc
    else:
        tensors = read_pickled(path, layout.state_dict)
    return to_network(tensors, layout), "torch state_dict"


def to_network(tensors: Mapping[str, Array], layout: Layout) -> Network:
    """Return the network of tensors and a layout; raises `Refused`."""
    modules = _Modules(tensors)
    steps: list[Step] = []

    def add(module: str, operation: Operation) -> None:
        steps.append(Step(module, operation, (len(steps) - 1,)))

    if layout.embedding is not None:
        add(layout.embedding, Embed(modules.take(layout.embedding, "weight")))
    layers = [one for module in layout.recurrent for one in _layers(modules, module, layout)]
    for place, (module, layer) in enumerate(layers):
        is_last = place == len(layers) - 1
        returns = not is_last or layout.pooling != "last"
        add(module, _as_returning(layer, returns=returns))
    if layout.pooling != "last":
        kind = layout.pooling
        add("pooling", Pool("last" if kind == "last_output" else kind))
    for name in layout.head:
        add(name, _of_head(modules, name, layout))
    if not isinstance(steps[-1].operation, Linear):
        raise Refused("`head`", f"it ends with {layout.head[-1]!r}", "End with a module nn.Linear")
    modules.check_all_taken(layout.ignore)
    width = layers[0][1].forward.weight_ih.shape[1]
    return Network(
        tuple(steps),
        "rows" if layout.embedding is None else "tokens",
        "sigmoid" if len(steps[-1].operation.bias) == 1 else "softmax",
        num_features=0 if layout.embedding is not None else width,
    )


def _as_returning(layer: Recurrent, *, returns: bool) -> Recurrent:
    return Recurrent(
        layer.cell,
        layer.forward,
        layer.backward,
        activation=layer.activation,
        return_sequences=returns,
    )


class _Modules:
    """The tensors of a file, and which were asked for."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        self._tensors = tensors
        self._taken: set[str] = set()

    def has(self, module: str, name: str) -> bool:
        """Tell whether a module has a tensor."""
        return f"{module}.{name}" in self._tensors

    def take(self, module: str, name: str) -> Array:
        """Return a tensor as float32; raises `Refused`."""
        full = f"{module}.{name}"
        if full not in self._tensors:
            there = sorted({one.rpartition(".")[0] for one in self._tensors})
            raise Refused(
                f"module {module!r}", f"the file has no {full}", f"Its modules: {', '.join(there)}"
            )
        self._taken.add(full)
        array = self._tensors[full]
        if not np.issubdtype(array.dtype, np.floating):
            raise Refused(f"module {module!r}", f"{full} is {array.dtype}", "Save it unquantized")
        array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise Refused(f"module {module!r}", f"{full} is not all finite", "Train it again")
        return array

    def check_all_taken(self, ignored: list[str]) -> None:
        """Refuse tensors that nobody asked for: the network is another than was said."""
        for name in sorted(self._tensors.keys() - self._taken):
            module, _, last = name.rpartition(".")
            is_ignored = any(f"{module}.".startswith(f"{one}.") for one in ignored)
            if not is_ignored and last not in NO_WEIGHTS:
                raise Refused(f"module {module!r}", f"the layout leaves {name} out", SAY)


def _layers(modules: _Modules, module: str, layout: Layout) -> Iterator[tuple[str, Recurrent]]:
    """Yield the layers of an nn.LSTM, nn.GRU or nn.RNN."""
    if modules.has(module, "weight_hr_l0"):
        raise Refused(
            f"module {module!r}",
            "it has proj_size, a projection of its state, which ONNX's LSTM has not",
            "Train it with proj_size=0",
        )
    place = 0
    while modules.has(module, f"weight_ih_l{place}") or place == 0:
        forward = _direction(modules, module, f"l{place}")
        has_both = modules.has(module, f"weight_ih_l{place}_reverse")
        backward = _direction(modules, module, f"l{place}_reverse") if has_both else None
        rows, size = forward.weight_hh.shape
        cell = CELL_BY_GATES.get(rows // size if rows % size == 0 else 0)
        if cell is None:
            shape = tuple(forward.weight_hh.shape)
            raise Refused(
                f"module {module!r}",
                f"weight_hh_l{place} is {shape}",
                "Name an nn.LSTM or nn.GRU",
            )
        activation = RELU if cell == "rnn" and layout.nonlinearity == "relu" else TANH
        assert activation.name in IN_CELLS
        yield f"{module} l{place}", Recurrent(cell, forward, backward, activation=activation)
        place += 1


def _direction(modules: _Modules, module: str, suffix: str) -> Direction:
    weight_ih = modules.take(module, f"weight_ih_{suffix}")
    weight_hh = modules.take(module, f"weight_hh_{suffix}")
    if modules.has(module, f"bias_ih_{suffix}"):
        biases = [modules.take(module, f"{one}_{suffix}") for one in ("bias_ih", "bias_hh")]
    else:
        biases = [np.zeros(len(weight_ih), np.float32)] * 2
    return Direction(weight_ih, weight_hh, biases[0], biases[1])


def _of_head(modules: _Modules, name: str, layout: Layout) -> Operation:
    """Return what a module, or an activation, of the head does."""
    if not modules.has(name, "weight") and not modules.has(name, "running_mean"):
        if name not in FUNCTIONS:
            raise Refused(
                f"`head` {name!r}",
                "the file has no such module, and no activation is called so",
                f"Activations are: {', '.join(sorted(FUNCTIONS))}",
            )
        constants = {"leaky_relu": (0.01, 0.0), "elu": (1.0, 0.0), "hard_sigmoid": (1 / 6, 0.5)}
        return Activate(Activation(name, *constants.get(name, (0.0, 0.0))))
    is_plain = not modules.has(name, "weight")  # nn.BatchNorm1d(affine=False)
    if is_plain:
        mean = modules.take(name, "running_mean")
        return _batch_norm(modules, name, np.ones_like(mean), np.zeros_like(mean), layout)
    weight = modules.take(name, "weight")
    has_bias = modules.has(name, "bias")
    bias = modules.take(name, "bias") if has_bias else np.zeros(len(weight), np.float32)
    if weight.ndim == 2:
        return Linear(weight, bias)
    if not modules.has(name, "running_mean"):
        return Normalize(weight, bias, layout.epsilon)
    return _batch_norm(modules, name, weight, bias, layout)


def _batch_norm(
    modules: _Modules, name: str, weight: Array, bias: Array, layout: Layout
) -> Operation:
    mean, variance = modules.take(name, "running_mean"), modules.take(name, "running_var")
    scale = weight / np.sqrt(variance.astype(np.float64) + layout.epsilon)
    shift = bias - mean * scale
    return Scale(scale.astype(np.float32), shift.astype(np.float32))
