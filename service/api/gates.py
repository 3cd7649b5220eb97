"""`explain` "gates": from a request's fields to what the engine is asked, and back to JSON."""

import base64
import struct
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

from service.api.errors import SchemaError
from service.api.gates_schemas import EncodingAsk, UnitsAsk
from service.engine.requests.gates import (
    Gates,
    GatesAsk,
    LayerGates,
    ReadToken,
    Summary,
    WholeUnits,
)

DECIMALS = 6
FLOAT_BYTES = 4
SUMMARY_NAMES = {"near_zero": "near_0", "near_one": "near_1"}


class Explainable(Protocol):
    """The fields of a request that can ask for the inside of a network."""

    @property
    def units(self) -> UnitsAsk | None:
        """Units to tell whole."""

    @property
    def layers(self) -> list[int] | None:
        """Layers to tell."""

    @property
    def encoding_format(self) -> EncodingAsk | None:
        """How units are written."""


def gates_ask(ask: Explainable, *, is_wanted: bool) -> GatesAsk | None:
    """Return what of the inside is to be told; None if it is not wanted.

    Raises:
        SchemaError: It is not, and a field of it was sent.
    """
    if is_wanted:
        units = tuple(ask.units) if isinstance(ask.units, list) else ask.units
        layers = None if ask.layers is None else tuple(ask.layers)
        return GatesAsk(units, layers, ask.encoding_format == "base64")
    for field in ("units", "layers", "encoding_format"):
        if getattr(ask, field) is not None:
            raise SchemaError(
                f'`{field}` tells what `explain` "gates" is to tell: ask for that, or leave out '
                f"`{field}`",
                param=field,
            )
    return None


def gates_body(gates: Gates, *, is_packed: bool) -> dict[str, Any]:
    """Write the inside of a network.

    Args:
        gates: What was told.
        is_packed: Whether units are written in base64.
    """
    return {
        "cell": gates.cell,
        "hidden_size": gates.hidden_size,
        "num_layers": gates.num_layers,
        "tokens": [_token(token) for token in gates.tokens],
        "layers": [_layer(layer, is_packed=is_packed) for layer in gates.layers],
    }


def _token(token: ReadToken) -> dict[str, Any]:
    if token.start is not None:
        return {
            "text": token.text,
            "start": token.start,
            "end": token.end,
            "token_id": token.token_id,
        }
    return {
        "text": token.text,
        "token_id": token.token_id,
        "special": token.is_special,
        "written": token.is_written,
        "expects": [{"text": text, "prob": round(prob, DECIMALS)} for text, prob in token.expects],
    }


def _layer(layer: LayerGates, *, is_packed: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"layer": layer.layer, "direction": layer.direction}
    quantities = {name: _summary(summary) for name, summary in layer.summaries.items()}
    if layer.units is not None and layer.whole is not None:
        body |= {"units": layer.units, "influence": layer.influence}
        num_units = len(layer.units)
        for name, whole in layer.whole.items():
            quantities[name] |= _whole(whole, num_units, is_packed=is_packed)
    return body | quantities


def _summary(summary: Summary) -> dict[str, Any]:
    return {SUMMARY_NAMES.get(name, name): numbers for name, numbers in asdict(summary).items()}


def _whole(whole: WholeUnits, num_units: int, *, is_packed: bool) -> dict[str, Any]:
    return {
        name: _packed(data) if is_packed else _rows(data, num_units)
        for name, data in (
            ("values", whole.values),
            ("from_input", whole.from_input),
            ("from_hidden", whole.from_hidden),
        )
        if data is not None
    }


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _rows(data: bytes, num_units: int) -> Sequence[Sequence[float]]:
    numbers = struct.unpack(f"<{len(data) // FLOAT_BYTES}f", data)
    rounded = [round(number, DECIMALS) for number in numbers]
    return [rounded[start : start + num_units] for start in range(0, len(rounded), num_units)]
