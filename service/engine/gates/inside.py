"""Tells the inside of one version's network: opens its weights, keeps to limits, sums up.

What an answer is, and so what it owes to each unit, is the task's own: see its `inside`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from model_store import RecurrentConfig, StoreError
from model_store.safetensors_file import open_tensors
from recurrent.packing import quantize_rows
from service.engine.arrays import Floats
from service.engine.gates.cells import GATES, QUANTITIES, Trace
from service.engine.gates.network import SCALES, Shape, Tensors, Traces, in_order, wide
from service.engine.requests.gates import GatesAsk, LayerGates, Summary, WholeUnits
from service.errors import InvalidInput, NotReady

NUM_TOP = 8
"""Units of a layer and direction that `"top"` means."""

MAX_TOKENS = 2_048
"""Tokens that one request's explanations read; 0.4 s of an LSTM 2 x 256, twice that with units."""

MAX_NUMBERS = 262_144
"""Numbers that are told as text, about 10 bytes each: 512 tokens of an LSTM 2 x 256 with "top"."""

MAX_PACKED_NUMBERS = 2_097_152
"""Numbers of single units that are told as bytes: 512 tokens of all of an LSTM layer's 256."""

NEAR = 0.1
DECIMALS = 6
FLOAT = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class Size:
    """How many numbers an explanation has: summaries, and quantities of single units."""

    summaries: int
    whole: int


class Inside:
    """The weights of one version, and how its inside is told.

    Args:
        shape: What the network is.
        read_weights: Returns `weights.safetensors`, if the version has it; raises `StoreError`.
        why_not: Why this version's inside cannot be told; "" if it can.
    """

    def __init__(
        self, shape: Shape, read_weights: Callable[[], bytes | None], why_not: str = ""
    ) -> None:
        """Read nothing yet: most versions are never asked."""
        self.shape = shape
        self._read_weights = read_weights
        self._why_not = why_not
        self._tensors: Tensors | None = None

    @classmethod
    def of(
        cls,
        config: RecurrentConfig,
        read_weights: Callable[[], bytes | None],
        *,
        bidirectional: bool = False,
        has_other_layers: bool = False,
    ) -> "Inside":
        """Return the inside of a version with this configuration."""
        shape = Shape(
            config.cell,
            config.hidden_size,
            config.num_layers,
            bidirectional,
            is_8_bit=config.precision == "int8",
        )
        why_not = ""
        if has_other_layers:
            why_not = "this version was made elsewhere, of layers that are not known here"
        return cls(shape, read_weights, why_not)

    def open(self) -> Tensors:
        """Return the version's weights; they are kept once they were asked for.

        Raises:
            InvalidInput: If this version's inside cannot be told.
            NotReady: If the store cannot be read now.
        """
        if self._tensors is None and not self._why_not:
            try:
                data = self._read_weights()
            except StoreError as exc:
                raise NotReady("the model's files cannot be read now: try again") from exc
            if data is None:
                self._why_not = "this version has its weights in its graph alone"
            else:
                tensors = open_tensors(data)
                self._tensors = _as_8_bits(tensors) if self.shape.is_8_bit else tensors
        if self._tensors is None:
            raise InvalidInput(
                f'{self._why_not}: leave out `explain` "gates", or name another version',
                param="explain",
            )
        return self._tensors

    def check(self, ask: GatesAsk, num_tokens: int, remedy: str) -> None:
        """Refuse what cannot be told, before any of it is worked out.

        Args:
            ask: What is to be told.
            num_tokens: Tokens that are read for it, over all texts of the request.
            remedy: How a caller has fewer of them read.

        Raises:
            InvalidInput: If this version cannot, has no such unit or layer, or it is too much.
        """
        self.open()
        shape = self.shape
        units = ask.units if isinstance(ask.units, tuple) else ()
        for field, numbers, end in (
            ("units", units, shape.hidden_size),
            ("layers", ask.layers or (), shape.num_layers),
        ):
            if (wrong := [one for one in numbers if one >= end]) or len({*numbers}) < len(numbers):
                got = f"has no {wrong[0]}" if wrong else "takes each once"
                raise InvalidInput(
                    f"`{field}` of this model are 0 to {end - 1}, and it {got}: send those that "
                    "you want to see",
                    param=field,
                )
        if num_tokens > MAX_TOKENS:
            raise InvalidInput(
                f'`explain` "gates" reads up to {MAX_TOKENS} tokens in a request, these are '
                f"{num_tokens}: {remedy}",
                param="explain",
            )
        self._check_size(ask, num_tokens, remedy)

    def _check_size(self, ask: GatesAsk, num_tokens: int, remedy: str) -> None:
        size = self.size(ask, num_tokens)
        written = size.summaries + (0 if ask.is_packed else size.whole)
        packed = size.whole if ask.is_packed else 0
        for numbers, most, way in (
            (written, MAX_NUMBERS, "as JSON"),
            (packed, MAX_PACKED_NUMBERS, "in base64"),
        ):
            if numbers > most:
                fewer = "name fewer `units` or `layers`, " if ask.units else "name fewer `layers`, "
                other = ', or take `"encoding_format": "base64"`' if ask.units and written else ""
                raise InvalidInput(
                    f'`explain` "gates" tells up to {most} numbers {way}, of these {num_tokens} '
                    f"tokens it would be {numbers}: {fewer}{remedy}{other if not packed else ''}",
                    param="units" if ask.units else "explain",
                )

    def size(self, ask: GatesAsk, num_tokens: int) -> Size:
        """Return how many numbers an explanation of so many tokens has."""
        shape = self.shape
        layers = len(self._layers(ask)) * len(shape.directions)
        num_units = {None: 0, "top": min(NUM_TOP, shape.hidden_size), "all": shape.hidden_size}
        units = len(ask.units) if isinstance(ask.units, tuple) else num_units[ask.units]
        quantities, gates = len(QUANTITIES[shape.cell]), len(GATES[shape.cell])
        fields = len(Summary.__dataclass_fields__)
        return Size(
            num_tokens * layers * quantities * fields,
            num_tokens * layers * units * (quantities + 2 * gates),
        )

    def layers(
        self, ask: GatesAsk, traces: Traces, influences: Sequence[Sequence[Floats]] | None
    ) -> tuple[LayerGates, ...]:
        """Tell what was asked for of each layer and direction.

        Args:
            ask: What is to be told.
            traces: What was read.
            influences: See `Network.influences`; needed where units are told whole.
        """
        told = []
        for layer in self._layers(ask):
            for place, direction in enumerate(self.shape.directions):
                trace, is_backward = traces[layer][place], bool(place)
                summaries = {
                    name: _summary(in_order(values, is_backward=is_backward))
                    for name, values in zip(QUANTITIES[trace.cell], trace.values, strict=True)
                }
                if ask.units is None or influences is None:
                    told.append(LayerGates(layer, direction, summaries))
                    continue
                influence = influences[layer][place]
                units = _chosen(ask, influence)
                whole = _whole(trace, units, is_backward=is_backward)
                owed = tuple(_rounded(influence[list(units)]))
                told.append(LayerGates(layer, direction, summaries, units, owed, whole))
        return tuple(told)

    def _layers(self, ask: GatesAsk) -> Sequence[int]:
        return range(self.shape.num_layers) if ask.layers is None else ask.layers


def _as_8_bits(tensors: Tensors) -> Tensors:
    """Return the weights with those that the 8-bit engine rounds as it has them."""
    found = dict(tensors)
    for name, array in tensors.items():
        if _is_rounded(name, array.ndim):
            whole, scales = quantize_rows(wide(array))
            found |= {name: whole * scales[:, None], f"{name}{SCALES}": scales}
    return found


def _is_rounded(name: str, num_axes: int) -> bool:
    return num_axes == 2 and (name.startswith("stack.") or name == "decoder.weight")


def _chosen(ask: GatesAsk, influence: Floats) -> tuple[int, ...]:
    if isinstance(ask.units, tuple):
        return ask.units
    if ask.units == "all":
        return tuple(range(len(influence)))
    best = np.argsort(-np.abs(influence), kind="stable")[:NUM_TOP]
    return tuple(best.tolist())


def _summary(values: Floats) -> Summary:
    sizes = np.abs(values)
    return Summary(
        tuple(_rounded(values.mean(axis=1))),
        tuple(_rounded((sizes < NEAR).mean(axis=1))),
        tuple(_rounded((sizes > 1 - NEAR).mean(axis=1))),
        tuple(_rounded(np.linalg.norm(values, axis=1))),
    )


def _whole(trace: Trace, units: Sequence[int], *, is_backward: bool) -> dict[str, WholeUnits]:
    def packed(values: Floats) -> bytes:
        return in_order(values[:, list(units)], is_backward=is_backward).astype(FLOAT).tobytes()

    gates = GATES[trace.cell]
    whole = {}
    for place, name in enumerate(QUANTITIES[trace.cell]):
        sums: tuple[bytes, ...] = ()
        if name in gates:
            gate = gates.index(name)
            sums = packed(trace.from_input[:, gate]), packed(trace.from_hidden[:, gate])
        whole[name] = WholeUnits(packed(trace.values[place]), *sums)
    return whole


def _rounded(values: Floats) -> list[float]:
    rounded: list[float] = np.round(values.astype(np.float64), DECIMALS).tolist()
    return rounded
