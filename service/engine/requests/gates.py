"""What goes on inside a recurrent network: what is asked of it and what is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Units = tuple[int, ...] | Literal["top", "all"]


@dataclass(frozen=True, slots=True)
class GatesAsk:
    """What of the inside is to be told; summaries of every layer are.

    Args:
        units: Units of each layer and direction to tell whole: their numbers, "top" for those that
            moved the answer most, "all"; None for none.
        layers: The layers to tell, from 0; None for all.
        is_packed: Whether the caller takes the units' numbers as bytes, and so more of them.
    """

    units: Units | None = None
    layers: tuple[int, ...] | None = None
    is_packed: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """One quantity over all units of a layer: a number for each token in each field.

    Args:
        mean: Mean of the units.
        near_zero: Share of the units within 0.1 of zero.
        near_one: Share of the units whose absolute value is over 0.9.
        norm: Euclidean norm.
    """

    mean: tuple[float, ...]
    near_zero: tuple[float, ...]
    near_one: tuple[float, ...]
    norm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class WholeUnits:
    """One quantity of chosen units: little-endian 32-bit floats, (tokens, units) in C order.

    Args:
        values: The quantity itself.
        from_input: What the input adds to the sum that it is made of, if it is made of one.
        from_hidden: What the state before adds.
    """

    values: bytes
    from_input: bytes | None = None
    from_hidden: bytes | None = None


@dataclass(frozen=True, slots=True)
class LayerGates:
    """One layer in one direction.

    Args:
        layer: Its number, from 0.
        direction: "forward" or "backward".
        summaries: By quantity, tokens in the text's order.
        units: The units that are told whole, or None.
        influence: For each of them what the answer owes to it, see `Network.influences`.
        whole: By quantity.
    """

    layer: int
    direction: str
    summaries: Mapping[str, Summary]
    units: tuple[int, ...] | None = None
    influence: tuple[float, ...] = ()
    whole: Mapping[str, WholeUnits] | None = None


@dataclass(frozen=True, slots=True)
class ReadToken:
    """One token that the network reads.

    Args:
        text: Its own text, or its name if it has none.
        start: Offset of its first character in the caller's text, of a text that is classified.
        end: Offset after its last character.
        token_id: Its number.
        is_special: Whether `text` is its name.
        is_written: Whether the network wrote it.
        expects: The tokens that a generator holds most probable after it, best first: text and
            probability.
    """

    text: str
    start: int | None = None
    end: int | None = None
    token_id: int = 0
    is_special: bool = False
    is_written: bool = False
    expects: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Gates:
    """The inside of a network while it reads one text."""

    cell: str
    hidden_size: int
    num_layers: int
    tokens: tuple[ReadToken, ...]
    layers: tuple[LayerGates, ...]
